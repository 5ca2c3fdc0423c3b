"""What comes before ``web`` and ``console``: refuses a start that cannot succeed, then runs the command.

``python -m api.preflight granian ...``: granian starts a child of its own anew when it dies, and would do so
with one that dies of its configuration.
"""

import os
import sys

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.wiring import open_database
from otp_worker.store.migrate import await_current


def check(role: Role) -> None:
    """Raise ConfigurationError, SchemaNotCurrentError or DatabaseUnavailableError if it cannot start."""
    db = open_database(load_settings(role))
    try:
        await_current(db)
    finally:
        db.close()


def main(command: list[str], role: Role = "web") -> None:
    """Check, and run the command in this process's place."""
    try:
        check(role)
    except (ConfigurationError, SchemaNotCurrentError, DatabaseUnavailableError) as error:
        sys.exit(str(error))
    os.execvp(command[0], command)  # nosec B606 # noqa: S606 - the Procfile's own words, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
