"""The state diagrams in the package's README draw what the code does: no change of a status more or less."""

import re
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from otp_worker.domain.gateway import Message, Outcome, ReceiptKind
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import issue, receipts
from otp_worker.store.database import Database
from tests.contract.service import (
    LOST,
    OFFLINE,
    REFUSED,
    SHOP,
    ObedientGateway,
    Service,
    fail_gateway,
    wrong,
)

README = Path("otp_worker/README.md")
START = "[*]"
TABLES = {"verifications": "verification", "deliveries": "delivery"}
LATER_SECONDS = 3600


class Edge(NamedTuple):
    """One change of a status in a table."""

    table: str
    old: str
    new: str


Scenario = Callable[[Service], object]
EdgesOf = Callable[[Scenario], set[Edge]]
Happening = Callable[[Service, Verification], object]


def receipt(kind: ReceiptKind) -> Happening:
    """The gateway reports this of the first SMS."""
    return lambda service, verification: receipts.move_forward(
        service.db, f"{verification.id}.1", kind, service.clock()
    )


def cancel(service: Service, verification: Verification) -> None:
    """The app wants it no more."""
    assert issue.cancel(service.db, verification.id, SHOP.name, service.clock())


def run_out(service: Service, verification: Verification) -> None:
    """Time passes, and beat's sweep writes down what that has ended."""
    service.clock.move(LATER_SECONDS)
    service.expirer.expire(service.clock())


HAPPENINGS: list[Happening] = [*map(receipt, ReceiptKind), cancel, run_out]


@dataclass
class Interrupted(ObedientGateway):
    """A gateway during whose exchange something happens."""

    meanwhile: Callable[[], object] = field(default=lambda: None)

    def send(self, message: Message) -> Outcome:
        self.meanwhile()
        return super().send(message)


def while_queued(service: Service, happening: Happening) -> None:
    """The first attempt may have been taken, and is to be repeated."""
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.QUEUED
    happening(service, verification)


def while_waiting(service: Service, happening: Happening) -> None:
    """The first attempt may have been taken, and at the second one the phone is offline."""
    service.gateway.outcomes = [LOST, OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(30)
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    happening(service, verification)


def while_sending(service: Service, happening: Happening) -> None:
    """The gateway has not answered yet."""
    gateway = Interrupted([LOST])
    service.gateways["obedient"] = gateway
    verification = service.issue()
    gateway.meanwhile = lambda: happening(service, verification)
    service.deliver(verification)


SITUATIONS = (while_queued, while_waiting, while_sending)
REPORTS = (
    (ReceiptKind.DELIVERED, ReceiptKind.UNDELIVERED, ReceiptKind.DELIVERED, ReceiptKind.UNDELIVERED),
    (ReceiptKind.UNDELIVERED, ReceiptKind.DELIVERED),
    (ReceiptKind.UNDELIVERED, ReceiptKind.UNREACHABLE),
    (ReceiptKind.UNREACHABLE,),
)


def after_sending(service: Service, kinds: tuple[ReceiptKind, ...]) -> None:
    """The gateway reports these in turn of an SMS that it has taken."""
    verification, _ = service.sent()
    for kind in kinds:
        receipt(kind)(service, verification)


def hold_and_release(service: Service) -> None:
    """The phone is offline when the code is asked for, and takes it when it is back."""
    for _ in range(FAILURES_TO_OPEN):
        fail_gateway(service.db, "obedient", service.clock(), OFFLINE.reason)
    verification = service.issue()
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    service.clock.move(30)
    service.deliver(verification)


def approve(service: Service) -> None:
    """The right code is entered."""
    verification, code = service.sent()
    service.check(verification, code)


def enter_wrong_codes(service: Service) -> None:
    """As many as may be entered."""
    verification, code = service.sent()
    for _ in range(verification.max_checks):
        service.check(verification, wrong(code))


def cancel_when_sent(service: Service) -> None:
    """The app wants no code entered any more."""
    cancel(service, service.sent()[0])


def let_it_expire(service: Service) -> None:
    """Nobody enters the code."""
    run_out(service, service.sent()[0])


def be_refused(service: Service) -> None:
    """The gateway takes no SMS for that number."""
    service.gateway.outcomes = [REFUSED]
    service.deliver(service.issue())


ENDS = (approve, enter_wrong_codes, cancel_when_sent, let_it_expire, be_refused)


@pytest.fixture
def edges_of(migrated_sqlite: Path, tmp_path: Path) -> EdgesOf:
    """What a scenario changes, in a service and a database of its own that writes it down."""
    numbers = count()

    def edges_of(scenario: Scenario) -> set[Edge]:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(migrated_sqlite, path)
        with closing(Database(f"sqlite:///{path}")) as db:
            write_changes_down(db)
            scenario(Service(db))
            with db.read() as connection:
                return {Edge(*row) for row in connection.execute(text("SELECT * FROM changes"))}

    return edges_of


def write_changes_down(db: Database) -> None:
    """Let the database keep each change of a status."""
    with db.write() as connection:
        connection.exec_driver_sql("CREATE TABLE changes (of_table TEXT, old TEXT, new TEXT)")
        for table in TABLES:
            for when, old in (("INSERT", f"'{START}'"), ("UPDATE OF status", "OLD.status")):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table}_{when[:6]} AFTER {when} ON {table} WHEN {old} <> NEW.status "
                    f"BEGIN INSERT INTO changes VALUES ('{table}', {old}, NEW.status); END"
                )


def drawn(table: str) -> set[Edge]:
    """The arrows of a diagram; one from a frame is one from each status in it."""
    section = README.read_text().partition(f"## The life of a {TABLES[table]}\n")[2]
    diagram = section.partition("```mermaid\nstateDiagram-v2\n")[2].partition("```")[0]
    frames = dict(re.findall(r"state (\w+) \{\n([^}]*)\}", diagram))
    assert diagram
    return {
        Edge(table, old, new)
        for start, new in re.findall(r"(\S+) --> (\S+)", diagram)
        for old in (re.findall(r"^ +(\w+)$", frames[start], re.MULTILINE) if start in frames else [start])
    }


def test_every_change_of_a_status_is_drawn_and_every_drawn_one_happens(edges_of: EdgesOf) -> None:
    scenarios: list[Scenario] = [hold_and_release, *ENDS]
    scenarios += [partial(situation, happening=each) for situation in SITUATIONS for each in HAPPENINGS]
    scenarios += [partial(after_sending, kinds=kinds) for kinds in REPORTS]
    seen = {edge for scenario in scenarios for edge in edges_of(scenario)}
    assert sorted(seen) == sorted(drawn("verifications") | drawn("deliveries"))


@pytest.mark.parametrize(
    ("table", "statuses"), [("verifications", VerificationStatus), ("deliveries", DeliveryStatus)]
)
def test_every_status_is_drawn(table: str, statuses: type[VerificationStatus] | type[DeliveryStatus]) -> None:
    assert {state for edge in drawn(table) for state in (edge.old, edge.new)} == {START, *statuses}
