"""Postgres databases that nobody has open, as a stopped service leaves its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
from psycopg.sql import SQL, Identifier

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from tests.empty_databases import TEMPLATE

_NUMBERS = count(1)


@contextmanager
def unused_database(server: EmbeddedPostgres, template: str = TEMPLATE) -> Iterator[str]:
    """The URL of a database of one's own, with the schema that the template has; dropped at the end."""
    name = f"unused_{next(_NUMBERS)}"
    with psycopg.connect(server.url, autocommit=True) as session:
        made = SQL("CREATE DATABASE {} TEMPLATE {}")
        session.execute(made.format(Identifier(name), Identifier(template)))
        try:
            yield server.url_of(name).replace("postgresql://", "postgresql+psycopg://")
        finally:
            session.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
