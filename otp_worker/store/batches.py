"""Work on many rows in batches, each a transaction of its own, so that no other writer waits long."""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from otp_worker.store.database import Database

BATCH = 500


def until_short(act: Callable[[int], int], size: int = BATCH) -> int:
    """Run ``act`` with batches of ``size`` until one is short; the number of rows of all.

    Between two batches everybody else has as long as the last one took.
    """
    total = 0
    while True:
        began = time.monotonic()
        done = act(size)
        total += done
        if done < size:
            return total
        time.sleep(time.monotonic() - began)


def delete_where(db: Database, table: Table, *where: ColumnElement[bool]) -> int:
    """Delete the rows of a table that all these hold for, in batches; their number."""
    key = tuple_(*table.primary_key) if len(table.primary_key) > 1 else table.primary_key.columns[0]

    def act(size: int) -> int:
        batch = select(*table.primary_key).where(*where).limit(size)
        with db.update() as connection:
            return connection.execute(delete(table).where(key.in_(batch))).rowcount

    return until_short(act)
