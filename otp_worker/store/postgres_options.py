"""What the URL of a Postgres database may ask of its client."""

from collections.abc import Mapping
from pathlib import Path

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey")


def check_postgres_options(query: Mapping[str, object]) -> None:
    """Raise ValueError, with the fix, for an option that libpq does not know or that cannot be true."""
    # Where there is no Postgres, nothing of it is imported.
    from psycopg import pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    for name, value in query.items():
        if name not in known:
            raise ValueError(f"{name} is no option of Postgres; TLS is sslmode and sslrootcert")
        if name == "sslmode" and value not in SSL_MODES:
            raise ValueError(f"sslmode is one of {', '.join(SSL_MODES)}")
        # Authorities that the system knows, since libpq 16.
        if name in _FILES and value != "system" and not Path(str(value)).is_file():
            raise ValueError(f"{name} names no file: {value}")
