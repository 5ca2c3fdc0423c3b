"""An environment that settings are read from, and what they say of a wrong one."""

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.roles import Role, load_settings

SECRET = "abcdefghijklmnopqrstuvwxyz0123456789"
WHOLE = {
    "OTP_DATABASE_URL": "sqlite:////tmp/otp.db",
    "OTP_BROKER_URL": "redis://127.0.0.1:6379/0",
    "OTP_SECRET_KEY": SECRET,
    "OTP_COUNTRIES": "GB, us",
    "OTP_PUBLIC_URL": "https://otp.example.com/",
    "OTP_GATEWAY_URL": "https://gateway.example.com/v1",
    "OTP_GATEWAY_KEY": "sk_live_gateway",
    "OTP_FLOWER_AUTH": "operator:the-password",
    "OTP_CONSOLE_AUTH": "ann:the-password, bob:another:password",
}


def problem(role: Role = "worker") -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(role)
    return str(refused.value)
