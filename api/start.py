"""What the processes that serve HTTP start with."""

from otp_worker.service.assembly import Intake
from otp_worker.service.logs import configure_logs
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import build_intake
from otp_worker.store.schema_state import await_current


def started(role: Role) -> tuple[Settings, Intake]:
    """A role's settings and its parts, over a database whose schema is current.

    Raises ConfigurationError, SchemaNotCurrentError and DatabaseUnavailableError.
    """
    settings = load_settings(role)
    configure_logs(settings.log_format)
    intake = build_intake(settings)
    await_current(intake.db)
    return settings, intake
