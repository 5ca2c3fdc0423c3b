"""What the settings name reaches the parts that need it."""

from contextlib import closing
from pathlib import Path

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.celery_app import make_celery
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import channel_names
from otp_worker.service.worker_wiring import build_worker


def test_operators_are_told_by_both_channels_with_the_consoles_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/otp.db",
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "a root secret of the tests that is long enough",
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
        "GATEWAY_URL": "http://127.0.0.1:1/v1",
        "GATEWAY_KEY": "sk_live_x",
        "REPLY_WEBHOOK_URL": "https://support.example/otp",
        "REPLY_WEBHOOK_SECRET": "whsec_" + "dGhlIHNlY3JldCB0aGF0IHN1cHBvcnQga25vd3M=",
        "SUPPORT_EMAIL": "support@example.com",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "SMTP_FROM": "otp@example.com",
        "CONSOLE_URL": "https://console.example",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    settings = load_settings("worker")
    parts = build_worker(settings, make_celery("memory://"))
    with closing(parts.db):
        assert set(parts.notifier.channels) == {"webhook", "email"} == set(channel_names(settings))
        assert parts.notifier.console_url == "https://console.example"
        monitors = (parts.phone_monitor, parts.budget_monitor, parts.conversion_monitor, parts.canaries)
        for told in (*monitors, parts.deliverer, parts.guard):
            assert set(told.outbox.channels) == {"webhook", "email"}


def test_an_address_of_the_console_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_CONSOLE_URL", "console.example")
    with pytest.raises(ConfigurationError, match="OTP_CONSOLE_URL"):
        load_settings("worker")
