"""Who watches notes when things were seen, by its own clock and not by that of the rows."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from otp_worker.devtools.chaos.observer import Observer
from otp_worker.store.database import Database
from otp_worker.store.schema import metadata, sweeps
from otp_worker.store.sweeps import record_sweep
from tests.devtools.chaos.records import NOON, after


def test_a_sweep_is_seen_when_its_mark_has_changed_whatever_the_mark_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/otp.db"
    observer = Observer(url, "http://127.0.0.1:1/readyz")
    with closing(Database(url)) as db:
        metadata.create_all(db.engine)
        with db.read() as connection:
            observer.look(connection, after(0))
        record_sweep(db, "sweep", NOON)
        with db.read() as connection:
            observer.look(connection, after(1))
            observer.look(connection, after(2))
        with db.write() as connection:
            connection.execute(update(sweeps).values(swept_at=NOON - timedelta(hours=1)))
        with db.read() as connection:
            observer.look(connection, after(3))
    assert observer.seen.swept == [after(0), after(1), after(3)]
