"""The intake's entry, which ``otp-worker web`` serves."""

import sys
from typing import Any

import falcon

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.service.logs import configure_logs
from otp_worker.service.roles import load_settings
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import build_intake
from otp_worker.store.migrate import await_current

from .app import create_app


def _start() -> "falcon.App[Any, Any]":
    try:
        settings = load_settings("web")
        configure_logs(settings.log_format)
        intake = build_intake(settings)
        await_current(intake.db)
    except (ConfigurationError, SchemaNotCurrentError, DatabaseUnavailableError) as error:
        sys.exit(str(error))
    return create_app(intake, _welcome_url(settings))


def _welcome_url(settings: Settings) -> str | None:
    if settings.welcome_file is None or settings.console_url is None:
        return None
    return f"{settings.console_url}/welcome"


app = _start()
