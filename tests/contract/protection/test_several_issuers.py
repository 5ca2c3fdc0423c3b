"""Limits hold across issuers, processes, and whatever isolation the server's operator made the default."""

import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Connection, func, select

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, Rate, parse_rates
from otp_worker.store import issue, limits
from otp_worker.store.database import Database
from otp_worker.store.issue import NewSend
from otp_worker.store.schema import deliveries
from tests.contract.issue.test_accepted_together import NUMBERS, sends
from tests.contract.service import NUMBER, SHOP, Service

ALLOWED = 5
TRIES = 8
SECONDS = 60
LIMITS = {Limit.NUMBER: parse_rates(f"{ALLOWED}/10m"), Limit.TOTAL: parse_rates("50/h")}
PROGRAM = """
import sys
from otp_worker.store.database import Database
from tests.contract.service import Service
from tests.contract.protection.test_several_issuers import LIMITS, tried
service = Service(Database(sys.argv[1]), limits=LIMITS)
print("ready", flush=True)
sys.stdin.readline()
print(tried(service))
"""


def tried(service: Service) -> int:
    """How many of some sends to one number are accepted; each of the others is refused by its limit."""
    accepted = 0
    for _ in range(TRIES):
        try:
            service.issue()
            accepted += 1
        except RateLimitExceededError:
            pass
    return accepted


def written(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(deliveries)).scalar_one()


def test_several_issuers_accept_as_many_as_one(db: Database) -> None:
    services = [Service(db, limits=LIMITS) for _ in range(8)]
    begin = Barrier(len(services))

    def act(service: Service) -> int:
        begin.wait(SECONDS)
        return tried(service)

    with ThreadPoolExecutor(len(services)) as threads:
        assert sum(threads.map(act, services)) == ALLOWED
    assert written(db) == ALLOWED


def test_several_processes_accept_as_many_as_one(db: Database, database_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout and process.stdout.readline() for process in started] == ["ready\n"] * 2
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    # The log comes first.
    accepted = [int(process.communicate(timeout=SECONDS)[0].splitlines()[-1]) for process in started]
    assert sum(accepted) == ALLOWED
    assert written(db) == ALLOWED


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_the_servers_default_isolation_weakens_no_limit(db: Database, level: str) -> None:
    with db.read() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{level}'")
    db.engine.dispose()
    with db.write() as connection:
        assert isolation(connection) == "read committed"
    with db.update() as connection:
        assert isolation(connection) == "read committed"
    test_several_issuers_accept_as_many_as_one(db)


def isolation(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SHOW transaction_isolation").scalar_one())


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("limit", [Limit.NUMBER, Limit.BLOCK, Limit.COUNTRY, Limit.KEY, Limit.TOTAL])
def test_who_counts_for_a_scope_waits_for_the_one_that_has_counted_and_not_ended(
    db: Database, limit: Limit
) -> None:
    """Else the second would not see the first one's row, and both would be accepted."""
    rates: Mapping[Limit, tuple[Rate, ...]] = {limit: (Rate(1, 3600),)}
    first, second = Service(db, limits=rates), Service(db, limits=rates)
    [send] = sends(first, [NUMBER])
    guard = first.issuer.drafts.guard(issue.Recipient(NUMBER, "GB", None), SHOP, None)
    with ThreadPoolExecutor(1) as threads:
        with db.write() as connection:
            limits.take_turns(connection, guard.turns)
            limits.refuse_beyond(connection, guard.scopes, first.clock(), test=False)
            issue._insert(connection, [NewSend(send.new, send.first, guard)], [[]])
            asked = threads.submit(second.issue, NUMBER)
            with db.read() as looking:
                while not _waits_for_its_turn(looking):
                    assert not asked.done()
                    time.sleep(0.01)
        assert isinstance(asked.exception(SECONDS), RateLimitExceededError)
    assert written(db) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_group_for_many_numbers_waits_for_each_of_them_too(db: Database) -> None:
    service = Service(db, limits={Limit.NUMBER: (Rate(1, 3600),)})
    group = sends(service, NUMBERS[:3])
    with ThreadPoolExecutor(1) as threads:
        with db.write() as connection:
            limits.take_turns(connection, group[1].guard.turns)
            left = limits.refuse_numbers_beyond(connection, group[1].guard.scopes, service.clock())
            assert not isinstance(left[0], Exception)
            issue._insert(connection, [group[1]], [[]])
            again = sends(service, NUMBERS[:3])
            asked = threads.submit(issue.insert_verifications, db, again)
            with db.read() as looking:
                while not _waits_for_its_turn(looking):
                    assert not asked.done()
                    time.sleep(0.01)
        kinds = [type(answer) for answer in asked.result(SECONDS)]
        assert kinds == [list, RateLimitExceededError, list]


def _waits_for_its_turn(connection: Connection) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    return connection.exec_driver_sql(waiting).first() is not None
