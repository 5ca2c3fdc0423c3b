"""Every statement finds its rows by an index: what it costs does not grow with the table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, event, insert

from otp_worker.domain.overview import Window
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.domain.sent_codes import Dimension
from otp_worker.domain.sim import Sim, Sims
from otp_worker.operations.budget_monitor import BudgetMonitor
from otp_worker.operations.conversion_monitor import ConversionMonitor
from otp_worker.operations.conversions import Conversions, Question
from otp_worker.operations.health import Health
from otp_worker.operations.notifier import Notifier
from otp_worker.operations.overview import OverviewReader
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.store import deliveries, receipts, schema, verifications
from otp_worker.store.database import Database
from tests.contract.rows import old_rows
from tests.contract.service import NUMBER, OFFLINE, SHOP, START, Service, wrong

CHANGING = ("SELECT", "UPDATE", "DELETE")
LARGE = ("verifications", "deliveries", "steps", "tallies", "conversion_blocks")
SMALL = (
    "INDEX (ix_deliveries_open|uq_deliveries_open|ix_deliveries_problems|"
    "ix_verifications_pending|ix_verifications_(numbers|emails)_kept)"
)
"""Indices that hold no row that is over, but for what went wrong, of which only the end is read."""
Statement = tuple[str, Any]


@contextmanager
def noted(db: Database) -> Iterator[list[Statement]]:
    """Every statement that is executed meanwhile, with its parameters."""
    found: list[Statement] = []

    def note(_c: object, _u: object, statement: str, parameters: Any, *_: object) -> None:
        found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def scans(connection: Connection, statement: Statement) -> list[str]:
    """The large tables that a statement reads from end to end."""
    sql, parameters = statement
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
        plan = "\n".join(str(row[3]) for row in rows)
        return [table for table in LARGE if re.search(rf"SCAN {table}(?! USING (COVERING )?{SMALL})", plan)]
    # The tables are small here: without this a scan would be the right plan.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    plan = "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {sql}", parameters).all())
    return [table for table in LARGE if f"Seq Scan on {table}" in plan]


class _Queue(DeliveryQueue):
    """A broker that holds nothing."""

    def __init__(self) -> None:
        pass

    def backlog(self) -> int:
        return 0


def everyday(service: Service) -> None:
    """What intake, workers and checks do."""
    verification, code = service.sent()
    service.check(verification, wrong(code))
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    service.check(verification, code)
    service.gateway.outcomes = [OFFLINE]
    waiting = service.issue("+447400654321")
    service.deliver(waiting)
    verifications.newest_pending(service.db, "shop", service.keyring.number_hashes(NUMBER), service.clock())
    WaitEstimates(service.db, service.breaker, service.sims).of(
        service.read(waiting).delivery, service.clock()
    )
    service.issuer.cancel(waiting.id, SHOP, service.clock())


def sweeps(service: Service) -> None:
    """What upkeep does, and what is asked of the whole service."""
    service.work()
    service.clock.move(400)
    service.work()
    service.expirer.purge(service.clock())
    nobody = Outbox((), lambda _: True)
    PumpingGuard(service.db, GuardMode.ON, 20, 3600, nobody).sweep(service.clock())
    ConversionMonitor(service.db, nobody).check(service.clock())
    BudgetMonitor(service.db, Sims((Sim("gb1", "obedient", per_day=1),)), nobody).check(service.clock())
    health = Health(service.db, _Queue().backlog, service.breaker, service.sims, WriteProbe(service.db))
    health.checks(service.clock)
    health.vitals(service.clock())
    deliveries.waiting(service.db)
    for window in Window:
        OverviewReader(health).read(window, service.clock())
    for by in Dimension:
        Conversions(service.db).read(Question(by, app="shop"), service.clock())
    OverviewReader(health).countries(Window.DAY, service.clock())
    receipts.delivery_of(service.db, "obedient", None, "msg_1")
    Notifier(service.db, {}).publish_due(lambda _: True, service.clock())


@pytest.mark.parametrize("acts", [everyday, sweeps])
def test_no_statement_reads_a_large_table_from_end_to_end(service: Service, acts: Any) -> None:
    with noted(service.db) as statements:
        acts(service)
    asked = {sql: (sql, parameters) for sql, parameters in statements if _reads_large(sql)}
    assert len(asked) > 5
    found = {}
    for sql, statement in asked.items():
        with service.db.write() as connection:
            scanned = scans(connection, statement)
            connection.rollback()
        if scanned:
            found[sql] = scanned
    assert found == {}


@contextmanager
def steps(connection: Connection) -> Iterator[list[int]]:
    """How many instructions of its virtual machine SQLite executes meanwhile, in tens."""
    counted = [0]

    def count() -> None:
        counted[0] += 1

    raw: Any = connection.connection.driver_connection
    raw.set_progress_handler(count, 10)
    try:
        yield counted
    finally:
        raw.set_progress_handler(None, 0)


def cost(db: Database, statement: Statement) -> int:
    """What a statement costs: SQLite's instructions in tens, or the rows that Postgres looks at."""
    sql, parameters = statement
    with db.write() as connection:
        if db.is_sqlite:
            with steps(connection) as counted:
                result = connection.exec_driver_sql(sql, parameters)
                if result.returns_rows:
                    result.all()
            spent = counted[0]
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
            (plan,) = connection.exec_driver_sql(explain, parameters).scalar_one()
            spent = looked_at(plan["Plan"])
        connection.rollback()
    return spent


def looked_at(node: dict[str, Any]) -> int:
    """The rows that a plan's scans found, those included that they threw away."""
    mine = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Scan" in node["Node Type"] else 0
    return int(mine * node["Actual Loops"]) + sum(looked_at(child) for child in node.get("Plans", []))


@pytest.mark.parametrize("acts", [everyday, sweeps])
def test_no_statement_costs_more_where_thousands_of_rows_are_over(service: Service, acts: Any) -> None:
    with noted(service.db) as statements:
        acts(service)
    asked = {sql: (sql, parameters) for sql, parameters in statements if sql.split()[0] in CHANGING}
    assert len(asked) > 10
    before = {sql: cost(service.db, statement) for sql, statement in asked.items()}
    fill(service.db, 3_000)
    after = {sql: cost(service.db, statement) for sql, statement in asked.items()}
    assert {sql: (before[sql], after[sql]) for sql in asked if after[sql] > 2 * before[sql] + 30} == {}


def fill(db: Database, number: int) -> None:
    """What three weeks leave behind, of which no sweep has anything to do."""
    then = START - timedelta(days=20)
    rows: dict[Table, list[dict[str, Any]]] = {}
    for n in range(number):
        each, key, at = f"ver_{n:026}", n.to_bytes(32, "big"), then + timedelta(seconds=n)
        for table, row in old_rows(each, key, at).items():
            if table is schema.steps:
                # Before every step that is counted already.
                row["id"] = n - number
            rows.setdefault(table, []).append(row)
        canary = {
            "id": f"{n:026}",
            "from_sim": "obedient",
            "to_sim": "second",
            "sent_at": at,
            "arrived_at": at,
        }
        rows.setdefault(schema.canaries, []).append(canary)
    with db.write() as connection:
        for table, values in rows.items():
            connection.execute(insert(table), values)
        connection.exec_driver_sql("ANALYZE")


def _reads_large(sql: str) -> bool:
    return sql.split(maxsplit=1)[0] in CHANGING and any(table in sql for table in LARGE)
