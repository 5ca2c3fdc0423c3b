"""The console's entry, which ``otp-worker console`` serves."""

from otp_worker.domain.keyring import Keyring
from otp_worker.service.setting_types import passwords
from otp_worker.service.start import refused_in_a_sentence

from ..start import started
from .app import create_console
from .sessions import Sessions

with refused_in_a_sentence():
    _settings, _intake = started("console")
    _sessions = Sessions(Keyring(_settings.root_secrets), passwords(_settings.console_auth))
    app = create_console(_intake, _sessions, _settings.welcome_file)
