"""Opening the database that the settings name."""

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.settings import Settings
from otp_worker.store.database import Database

USUAL_CONNECTIONS = 8


def open_database(settings: Settings, connections: int = USUAL_CONNECTIONS) -> Database:
    """The database that the settings name. Raises ConfigurationError where they name none."""
    if settings.database_url is None:
        raise ConfigurationError("OTP_DATABASE_URL: is not set")
    return Database(settings.database_url, connections)
