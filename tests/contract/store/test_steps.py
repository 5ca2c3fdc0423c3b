"""The record of what happened: read back as it was written, and gone when it must be."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import insert

from otp_worker.domain.step import Step, StepKind
from otp_worker.store import expire, issue, schema, steps
from otp_worker.store.schema import verifications
from tests.contract.service import SHOP, START, Service

WENT_AWAY = Step(START, StepKind.BREAKER_OPENED, gateway="gb", detail="no paired phone is online")
CAME_BACK = Step(START + timedelta(seconds=94), StepKind.BREAKER_CLOSED, gateway="gb", milliseconds=94_000)


def write(service: Service, *taken: Step) -> None:
    with service.db.write() as connection:
        steps.write(connection, taken)


def test_a_row_is_the_one_that_sqlalchemy_would_write(service: Service) -> None:
    """The quick way leaves out all that makes a value fit its column: an instant, say, of no microseconds."""
    verification, _ = service.sent()
    step = Step(START, StepKind.CHECK, verification.id, outcome="wrong", count=4, detail="'; --")
    write(service, step)
    with service.db.write() as connection:
        connection.execute(insert(schema.steps), asdict(step))
        columns = ", ".join(f'"{each.name}"' for each in schema.steps.c if each.name != "id")
        rows = connection.exec_driver_sql(f"SELECT {columns} FROM steps WHERE kind = 'check'").all()
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_steps_are_read_as_they_were_written_in_the_order_of_their_writing(service: Service) -> None:
    verification, _ = service.sent()
    earlier = len(steps.of_verifications(service.db, [verification.id])[verification.id])
    taken = [
        Step(START, StepKind.CHECK, verification.id, outcome="wrong", count=4),
        Step(
            START,
            StepKind.ATTEMPT,
            verification.id,
            delivery_number=1,
            outcome="unavailable",
            http_status=503,
            milliseconds=12,
            gateway="gb",
            sim="gb1",
            detail="no paired phone is online",
        ),
    ]
    write(service, *taken)
    assert steps.of_verifications(service.db, [verification.id])[verification.id][earlier:] == taken
    assert taken[1].delivery_id == f"{verification.id}.1"
    assert taken[0].delivery_id is None


def test_when_gateways_were_away_is_found_by_name_and_time(service: Service) -> None:
    write(service, WENT_AWAY, CAME_BACK, Step(START, StepKind.BREAKER_OPENED, gateway="fr"))
    until = START + timedelta(hours=1)
    assert steps.of_gateways(service.db, ["gb"], START, until) == [WENT_AWAY, CAME_BACK]
    assert steps.of_gateways(service.db, ["gb"], START + timedelta(seconds=1), until) == [CAME_BACK]
    assert steps.of_gateways(service.db, [], START, until) == []


def test_a_verifications_steps_go_with_it_and_a_gateways_by_age(service: Service) -> None:
    verification, _ = service.sent()
    assert issue.cancel(service.db, verification.id, SHOP.name, service.clock())
    write(service, WENT_AWAY, Step(START, StepKind.ENDED, verification.id, outcome="canceled"))
    before = START + timedelta(days=1)
    expire.purge(service.db, before)
    assert steps.of_verifications(service.db, [verification.id])[verification.id] == []
    assert steps.of_gateways(service.db, ["gb"], START, before) == [WENT_AWAY]
    steps.purge(service.db, before)
    assert steps.of_gateways(service.db, ["gb"], START, before) == []
    with service.db.read() as connection:
        assert connection.execute(verifications.select()).all() == []
