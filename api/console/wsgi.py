"""The console's entry, which ``otp-worker console`` serves."""

import sys
from typing import Any

import falcon

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.domain.keyring import Keyring
from otp_worker.service.logs import configure_logs
from otp_worker.service.roles import load_settings
from otp_worker.service.setting_types import passwords
from otp_worker.service.wiring import build_intake
from otp_worker.store.migrate import await_current

from .app import create_console
from .sessions import Sessions


def _start() -> "falcon.App[Any, Any]":
    try:
        settings = load_settings("console")
        configure_logs(settings.log_format)
        intake = build_intake(settings)
        await_current(intake.db)
        sessions = Sessions(Keyring(settings.root_secrets), passwords(settings.console_auth))
        return create_console(intake, sessions, settings.welcome_file)
    except (ConfigurationError, SchemaNotCurrentError, DatabaseUnavailableError) as error:
        sys.exit(str(error))


app = _start()
