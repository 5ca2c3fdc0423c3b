"""Statements for figures that only ever grow."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from otp_worker.store.database import Database
from otp_worker.store.schema import counters

_c = counters.c


def add(db: Database, counts: Mapping[str, int]) -> None:
    """Add to several counters at once; there must be at least one."""
    dialect = sqlite if db.is_sqlite else postgresql
    # In one order, so that two processes which add at once do not lock each other out.
    rows = [{"name": name, "value": count} for name, count in sorted(counts.items())]
    inserted = dialect.insert(counters).values(rows)
    added = inserted.on_conflict_do_update(
        index_elements=[_c.name], set_={"value": _c.value + inserted.excluded.value}
    )
    with db.update() as connection:
        connection.execute(added)


def read(db: Database, names: Collection[str]) -> dict[str, int]:
    """The values of these counters; 0 where nothing was counted yet."""
    with db.read() as connection:
        rows = connection.execute(select(_c.name, _c.value).where(_c.name.in_(names))).all()
    return dict.fromkeys(names, 0) | {row.name: row.value for row in rows}
