"""Which clock the service goes by, over SQLite and over Postgres."""

from datetime import UTC, datetime, timedelta

import time_machine

from otp_worker.domain.ports import utc_now
from otp_worker.store.clock import service_clock
from otp_worker.store.database import Database


def test_over_postgres_it_is_the_databases_and_over_sqlite_the_machines(db: Database) -> None:
    true = datetime.now(UTC)
    with time_machine.travel(true - timedelta(hours=1), tick=False):
        read = service_clock(db)()
    expected = true - timedelta(hours=1) if db.is_sqlite else true
    assert abs(read - expected) < timedelta(minutes=1)


def test_a_database_that_is_away_leaves_the_machines_clock() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert abs(service_clock(away)() - utc_now()) < timedelta(minutes=1)
    away.close()
