"""Which databases can be worked with, as their URLs say."""

import re
from pathlib import Path

from otp_worker.store.file_systems import file_system_of, is_shared
from otp_worker.store.postgres_hosts import check_hosts, list_hosts
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
        url = make_url(list_hosts(value))
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
        if url.host:
            raise ValueError(
                "SQLite is a file of one machine: give sqlite:////path; several need postgresql://"
            )
        _check_file(url.database or "")
    else:
        check_postgres_options(url.query)
        check_hosts(url)
    return url.render_as_string(hide_password=False)


def _check_file(path: str) -> None:
    """Raise ValueError unless the path means one place from every folder, and SQLite can write there."""
    if not Path(path).is_absolute():
        raise ValueError(
            "a relative path is another file in every folder; give sqlite:////path from the root"
        )
    if not Path(path).parent.is_dir():
        raise ValueError("the folder of the database does not exist; make it first")
    kind = file_system_of(Path(path).parent)
    if is_shared(kind):
        raise ValueError(
            f"the database's folder is on a network ({kind}), where SQLite ruins its file; give a local disk"
        )
