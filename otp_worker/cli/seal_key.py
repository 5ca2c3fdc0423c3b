"""``otp-worker seal-key``: what a process seals with that is not to open it again."""

from otp_worker.cli.output import JSON_OPTION, say
from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sealing import Unsealer
from otp_worker.service.roles import load_settings


def seal_key(json: bool = JSON_OPTION) -> None:
    """Print the public key that web seals with, for OTP_SEAL_PUBLIC_KEY; run it beside the workers."""
    secrets = load_settings("cli").code_secrets
    if not secrets:
        raise ConfigurationError("OTP_SECRET_KEY: is not set")
    newest = Unsealer(secrets).public_keys[0]
    say(str(newest), {"public_key": str(newest), "id": newest.id}, json)
