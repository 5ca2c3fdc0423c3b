"""The intake's entry, which ``otp-worker web`` serves."""

from otp_worker.service.assembly import Intake
from otp_worker.service.settings import Settings
from otp_worker.service.start import refused_in_a_sentence

from .app import create_app
from .start import started
from .twilio.app import WithTwilio, Wsgi, create_twilio_app


def _welcome_url(settings: Settings) -> str | None:
    if settings.welcome_file is None or settings.console_url is None:
        return None
    return f"{settings.console_url}/welcome"


def _app(settings: Settings, intake: Intake) -> Wsgi:
    entry_url = settings.public_url if settings.entry_page else None
    api = create_app(intake, _welcome_url(settings), entry_url)
    return WithTwilio(api, create_twilio_app(intake, settings.public_url)) if settings.twilio else api


with refused_in_a_sentence():
    _settings, _intake = started("web")
    app = _app(_settings, _intake)
