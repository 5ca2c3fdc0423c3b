"""Which databases can be worked with, as their URLs say."""

import re
from pathlib import Path

from otp_worker.store.postgres_options import check_postgres_options

_SQLITE_FILE = re.compile(r"sqlite:///([^?#%@\s]+)")


def parse_database_url(value: str) -> str:
    """The URL with its driver. Raises ValueError with the fix; no password is in it."""
    file = _SQLITE_FILE.fullmatch(value)
    if file is None:
        return _parse_any(value)
    # Read without SQLAlchemy, which beat and Flower need for nothing else: 10 MB each.
    _check_file(file[1])
    return value


def _parse_any(value: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        # Where the password is taken for a port, the library's own message quotes it.
        raise ValueError(
            "not a database URL; give sqlite:////path or postgresql://user:password@host/name"
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError("only sqlite:// and postgresql:// are supported")
    if url.drivername == "sqlite":
        _check_file(url.database or "")
    else:
        check_postgres_options(url.query)
    return url.render_as_string(hide_password=False)


def _check_file(path: str) -> None:
    """Raise ValueError unless the path means one place from every folder, and SQLite can write there."""
    if not Path(path).is_absolute():
        raise ValueError(
            "a relative path is another file in every folder; give sqlite:////path from the root"
        )
    if not Path(path).parent.is_dir():
        raise ValueError("the folder of the database does not exist; make it first")
