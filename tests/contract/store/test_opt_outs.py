"""A STOP, statement by statement: what it calls back, what it leaves alone, and what ends it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import NumberReportedError, OptedOutError
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import lockouts, opt_outs
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import NUMBER, START, Service

OTHER = "+447400123457"
SECOND = timedelta(seconds=1)


def stop(service: Service, number: str = NUMBER, at: timedelta = timedelta(0)) -> bool:
    hashes = service.keyring.number_hashes(number)
    with service.db.write() as connection:
        return opt_outs.stop(connection, hashes, f"masked {number[-2:]}", START + at, START + at)


def start(service: Service, number: str = NUMBER, at: timedelta = timedelta(0)) -> bool:
    with service.db.write() as connection:
        return opt_outs.start(connection, service.keyring.number_hashes(number), START + at)


def is_stopped(service: Service, number: str = NUMBER) -> bool:
    try:
        opt_outs.refuse_opted_out(service.db, service.keyring.number_hashes(number))
    except OptedOutError:
        return True
    return False


def statuses(service: Service) -> list[tuple[str, str]]:
    """Of each verification and its delivery, in the order in which they were asked for."""
    with service.db.read() as connection:
        both = select(verifications.c.status, deliveries.c.status).join_from(verifications, deliveries)
        return [tuple(row) for row in connection.execute(both.order_by(verifications.c.id))]


def test_a_stop_fails_what_is_not_sent_to_its_number_and_to_no_other(service: Service) -> None:
    for number in (NUMBER, OTHER):
        service.issue(number)
        service.clock.move(0.001)
    assert stop(service)
    assert statuses(service) == [("failed", "superseded"), ("pending", "queued")]
    with service.db.read() as connection:
        reasons = connection.execute(select(deliveries.c.reason).order_by(deliveries.c.id)).scalars().all()
    assert reasons == [opt_outs.WANTS_NO_SMS, None]
    assert (is_stopped(service), is_stopped(service, OTHER)) == (True, False)


@pytest.mark.parametrize(
    ("status", "left"),
    [
        (DeliveryStatus.WAITING, ("failed", "superseded")),
        # A worker has it in hand: what it does is seen by itself.
        (DeliveryStatus.SENDING, ("pending", "sending")),
        (DeliveryStatus.SENT, ("pending", "sent")),
    ],
)
def test_a_stop_calls_back_what_no_worker_has_in_hand(
    service: Service, status: DeliveryStatus, left: tuple[str, str]
) -> None:
    service.issue()
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status))
        if status is DeliveryStatus.SENT:
            connection.execute(update(verifications).values(handed_at=START))
    stop(service)
    assert statuses(service) == [left]


def test_a_stop_leaves_rehearsals_and_those_who_text_us_alone(service: Service) -> None:
    service.issue(app=App("test:shop", test=True))
    stop(service)
    assert statuses(service) == [("pending", "queued")]
    start(service)
    service.issue()
    with service.db.write() as connection:
        connection.execute(
            update(verifications).where(verifications.c.test.is_(False)).values(token_hash=b"t" * 32)
        )
    stop(service)
    assert statuses(service) == [("pending", "queued")] * 2


def test_a_second_stop_is_no_news_and_the_later_one_holds(service: Service) -> None:
    assert stop(service, at=10 * SECOND)
    assert stop(service, OTHER, at=10 * SECOND)
    assert not stop(service, at=5 * SECOND)
    assert not stop(service, at=20 * SECOND)
    found = {each.number_masked: each.stopped_at for each in opt_outs.list_opt_outs(service.db)}
    assert found == {"masked 56": START + 20 * SECOND, "masked 57": START + 10 * SECOND}
    assert [each.number_masked for each in opt_outs.list_opt_outs(service.db)] == ["masked 56", "masked 57"]


def test_a_start_ends_the_stops_before_it_and_no_later_one(service: Service) -> None:
    stop(service, at=10 * SECOND)
    stop(service, OTHER)
    assert not start(service, at=9 * SECOND)
    assert is_stopped(service)
    assert start(service, at=10 * SECOND)
    assert (is_stopped(service), is_stopped(service, OTHER)) == (False, True)


def test_an_operator_lifts_the_stop_of_one_number(service: Service) -> None:
    for number in (NUMBER, OTHER):
        stop(service, number)
    hashes = service.keyring.number_hashes(NUMBER)
    assert [opt_outs.remove(service.db, hashes) for _ in range(2)] == [True, False]
    assert (is_stopped(service), is_stopped(service, OTHER)) == (False, True)


def test_each_number_is_refused_for_its_own_wish_and_a_stop_counts_before_a_report(service: Service) -> None:
    numbers = [f"+44740012345{n}" for n in range(4)]
    hashes = [service.keyring.number_hashes(number) for number in numbers]
    for n in (0, 1):
        stop(service, numbers[n])
    with service.db.write() as connection:
        for n in (1, 2):
            lockouts.lock_reported(connection, hashes[n][0], START + 10 * SECOND, START)
        kinds = [type(each) for each in opt_outs.refusals(connection, hashes, START)]
        assert kinds == [OptedOutError, OptedOutError, NumberReportedError, type(None)]
        assert opt_outs.refusals(connection, [hashes[2]], START + 10 * SECOND) == [None]
        assert opt_outs.refusals(connection, [], START) == []
        with pytest.raises(OptedOutError):
            opt_outs.refuse_unwanted(connection, hashes[0], START)
        opt_outs.refuse_unwanted(connection, hashes[3], START)
