"""Who else has a Postgres database open: whether the service runs, as far as the server can tell."""

from sqlalchemy import Connection

from otp_worker.store.backup_error import BackupError

_OTHERS = """
SELECT count(*), min(application_name) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def refuse_others(connection: Connection) -> None:
    """Raise BackupError while any session but this one is open; a pooler's count as well."""
    others, name = connection.exec_driver_sql(_OTHERS).one()
    if others:
        named = f", such as {name}" if name else ""
        raise BackupError(
            f"the Postgres database has {others} other sessions{named}: stop the service, and end them"
        )
