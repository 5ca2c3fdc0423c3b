"""Why a database cannot be worked with, in words that say what to do; no password is in them."""

import re

from sqlalchemy.exc import SQLAlchemyError

DatabaseError = SQLAlchemyError
"""Whatever a statement fails with: no connection, a refusal, a lock. The one name of it outside the store."""

# What libpq, Postgres, PgBouncer and SQLite say, most telling first. Errors at connecting carry no SQLSTATE.
_CAUSES = (
    (
        r"unsupported startup parameter",
        "is behind a pooler that refuses our settings",
    ),
    (r"prepared statement .* (already exists|does not exist)", "is behind a pooler that shares its sessions"),
    (
        r"query_wait_timeout|no more connections allowed|pooler",
        "is behind a pooler with no connection free",
    ),
    (r"no such database|database .* does not exist", "has no such database: create it, or mend the name"),
    (
        r"password|authentication failed|role .* does not exist|no such user",
        "refuses the user or the password",
    ),
    (r"pg_hba", "refuses this client, or wants TLS of it (pg_hba.conf)"),
    (r"\bSSL\b|certificate|sslmode|\bTLS\b", "cannot be reached over TLS as sslmode asks for it"),
    (r"read-?only", "takes no writes: it is read-only, such as a standby"),
    (r"too many clients|remaining connection slots", "has no connection free (max_connections)"),
    (r"starting up|shutting down|recovery mode", "is starting or stopping"),
    (r"refused", "does not answer: connection refused; is it running, and are host and port right?"),
    (r"resolve|translate host|name or service not known", "does not answer: its host name is not known"),
    (r"timeout|timed out", "does not answer in time"),
    (r"unable to open database file", "cannot be opened: look at the path and its rights"),
    (r"disk is full|No space left", "cannot write: the disk is full"),
    (r"is locked", "is locked by another process"),
)


def cause_of(error: DatabaseError) -> str:
    """What the database does, as the end of a sentence that begins with "the database"."""
    said = str(getattr(error, "orig", None) or error)
    for pattern, cause in _CAUSES:
        if re.search(pattern, said, re.IGNORECASE):
            return cause
    return f"does not answer ({type(error).__name__})"


def write_cause_of(error: DatabaseError) -> str:
    """Why a change was not written, in words that hold nothing of what it was given."""
    said = str(getattr(error, "orig", None) or "")
    return next((cause for sign, cause in _WRITE_CAUSES.items() if sign in said), type(error).__name__)


_WRITE_CAUSES = {
    "disk is full": "its disk is full",
    "No space left": "its disk is full",
    "readonly database": "it is read-only",
    "read-only transaction": "it is read-only",
    "disk I/O error": "its disk takes nothing",
    "database is locked": "another process has locked it",
}
