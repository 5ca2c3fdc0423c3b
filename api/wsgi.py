"""The intake's entry, which ``otp-worker web`` serves."""

from otp_worker.service.settings import Settings
from otp_worker.service.start import refused_in_a_sentence

from .app import create_app
from .start import started


def _welcome_url(settings: Settings) -> str | None:
    if settings.welcome_file is None or settings.console_url is None:
        return None
    return f"{settings.console_url}/welcome"


with refused_in_a_sentence():
    _settings, _intake = started("web")
    _entry_url = _settings.public_url if _settings.entry_page else None
    app = create_app(_intake, _welcome_url(_settings), _entry_url)
