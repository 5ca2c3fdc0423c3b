"""An upgrade from version 0.1.0 over a million verifications in Postgres, while the service goes on."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import newest_version

ROWS = 1_000_000
PAUSE_SECONDS = 0.05
LONGEST_WAIT = "1s"
"""Whoever writes may wait so long for a lock of the migration, and no longer."""

# What the tables that grow hold after a month, by the columns of schema 0010.
_FILL = (
    """INSERT INTO verifications (id, app, test, status, number_hash, number_masked, block_hash, country,
         channel, language, key_id, code_length, checks, failed_checks, max_checks, ttl_seconds, created_at,
         handed_at, expires_at, last_expiry_at, resend_at, ended_at)
       SELECT 'ver_' || lpad(i::text, 26, '0'), 'shop', false, 'approved', sha256(i::text::bytea), '+44***56',
         sha256((i % 100)::text::bytea), 'GB', 'sms', 'en', 'k', 6, 1, 0, 5, 300,
         now() - interval '29 days' + i * interval '2 seconds', now(), now(), now(), now(), now()
       FROM generate_series(1, {rows}) i""",
    """INSERT INTO deliveries (id, verification_id, status, attempts, abandoned, uncertain, gateway, sim,
         created_at, due_at, deadline_at, published_at, sent_at)
       SELECT 'ver_' || lpad(i::text, 26, '0') || '.1', 'ver_' || lpad(i::text, 26, '0'), 'sent', 1, 0, 0,
         'mobile_api_connect', 'a', now() - interval '29 days' + i * interval '2 seconds',
         now(), now(), now(), now()
       FROM generate_series(1, {rows}) i""",
    """INSERT INTO number_guards (number_hash, failed_checks, updated_at)
       SELECT sha256(i::text::bytea), 0, now() FROM generate_series(1, {rows}) i""",
    """INSERT INTO sim_recipients (sim, month, number_hash)
       SELECT 'a', '2026-03', sha256(i::text::bytea) FROM generate_series(1, {rows}) i""",
    """INSERT INTO replies (id, dedupe_key, gateway, number, number_masked, text, received_at, created_at)
       SELECT 'rep_' || i, 'key ' || i, 'sim', '+447400123456', '+44***56', 'STOP', now(), now()
       FROM generate_series(1, {rows} / 10) i""",
)
# One request with all that it touches, as it goes on beside the migration.
_WRITE = (
    "INSERT INTO verifications SELECT (jsonb_populate_record(v, jsonb_build_object('id', %(id)s::text))).* "
    "FROM verifications v WHERE id = 'ver_' || lpad('1', 26, '0')",
    "INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object("
    "'id', %(id)s::text || '.1', 'verification_id', %(id)s::text))).* "
    "FROM deliveries d WHERE id = 'ver_' || lpad('1', 26, '0') || '.1'",
    "UPDATE deliveries SET attempts = attempts + 1 WHERE id = %(id)s::text || '.1'",
    "UPDATE number_guards SET updated_at = now() WHERE number_hash = sha256('1'::bytea)",
    "INSERT INTO sim_recipients (sim, month, number_hash) "
    "VALUES ('a', '2026-04', sha256(%(id)s::text::bytea))",
    "INSERT INTO replies (id, dedupe_key, gateway, number_masked, text, received_at, created_at) "
    "VALUES (%(id)s::text, %(id)s::text, 'sim', '+44***56', 'STOP', now(), now())",
    "UPDATE gateways SET failures = 0 WHERE name = 'mobile_api_connect'",
)


class Writer(threading.Thread):
    """A process of the service: a request every 50 ms until it is told to end; ``took`` has their seconds."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._over = threading.Event()
        self.took: list[float] = []
        self.refused: list[str] = []

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"SET lock_timeout = '{LONGEST_WAIT}'")
            while not self._over.wait(PAUSE_SECONDS):
                began = time.monotonic()
                try:
                    with connection.transaction():
                        for statement in _WRITE:
                            connection.execute(statement, {"id": f"ver_new{len(self.took)}"}, prepare=False)
                except psycopg.errors.Error as error:
                    self.refused.append(type(error).__name__)
                self.took.append(time.monotonic() - began)

    def end(self) -> None:
        """Let the request in hand be the last one."""
        self._over.set()
        self.join()


@contextmanager
def writing(url: str) -> Iterator[Writer]:
    writer = Writer(url)
    writer.start()
    try:
        yield writer
    finally:
        writer.end()


@pytest.mark.nightly
def test_an_upgrade_over_a_million_verifications_holds_up_no_writer(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("a_million")
    with closing(Database(url.replace("postgresql://", "postgresql+psycopg://"))) as database:
        upgrade(database, "0010")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in _FILL:
                connection.execute(statement.format(rows=ROWS).encode())
            connection.execute("VACUUM ANALYZE")
        with writing(url) as writer:
            began = time.monotonic()
            assert upgrade(database) == ("0010", newest_version())
            seconds = time.monotonic() - began
    longest = max(writer.took)
    print(f"{ROWS} rows: {seconds:.1f} s, {len(writer.took)} requests, the longest {longest:.2f} s")
    assert writer.refused == []
