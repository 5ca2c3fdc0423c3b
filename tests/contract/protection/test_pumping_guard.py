"""The pumping guard over a real database: what it pauses, and what it leaves alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from otp_worker.domain.errors import SendsPausedError
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import SETTLING_SECONDS, GuardMode
from otp_worker.domain.sent_codes import SETTLED_AFTER, Dimension, SentCodes
from otp_worker.operations.conversions import Conversions, Question
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store import conversion_sums
from otp_worker.store.schema import conversions, verifications
from tests.contract.protection.town import ELSEWHERE, HOUR, MIN_SENDS, Town, active
from tests.contract.service import NUMBER, START, Service

pytestmark = pytest.mark.usefixtures("no_glance")


def test_a_block_whose_codes_nobody_enters_is_paused_and_others_are_not(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 1
    with pytest.raises(SendsPausedError) as refused:
        service.issue(NUMBER)
    assert refused.value.retry_at == service.clock() + timedelta(hours=1)
    assert service.issue(ELSEWHERE).id


@pytest.mark.parametrize(
    ("sends", "approvals"),
    [(19, 0), (30, 20), (300, 190), (12, 0)],
    ids=["too few to tell", "entered as usual", "a rush that is entered", "hardly more than usual"],
)
def test_everyday_life_is_left_alone(
    service: Service, town: Town, guard: PumpingGuard, sends: int, approvals: int
) -> None:
    town.usual_days()
    town.sends(sends, approvals)
    assert guard.sweep(service.clock()) == 0


def test_a_fall_without_a_rise_is_left_alone(service: Service, town: Town, guard: PumpingGuard) -> None:
    """A carrier that delivers nothing for an hour."""
    town.usual_days(sends_an_hour=20, approvals=15)
    town.sends(25, 0)
    assert guard.sweep(service.clock()) == 0


def test_a_block_where_few_codes_are_ever_entered_is_judged_by_its_own_past(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days(sends_an_hour=5, approvals=0)
    town.usual_days(sends_an_hour=5, approvals=5, block="+44740099")
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 0


@pytest.mark.parametrize(("approvals", "paused"), [(0, 0), (4, 1)])
def test_a_block_without_a_past_is_judged_by_its_country(
    service: Service, town: Town, guard: PumpingGuard, approvals: int, paused: int
) -> None:
    town.usual_days(sends_an_hour=5, approvals=approvals, block="+44740099")
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == paused


def test_another_countrys_past_does_not_judge_it(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.usual_days(sends_an_hour=5, approvals=0, block="+44740099")
    town.usual_days(sends_an_hour=50, approvals=45, block="+12025559", country="US")
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 0


def test_an_hour_is_summed_up_when_all_its_codes_are_over_and_not_before(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.sends(5, 2, seconds_ago=60)
    service.clock.move(SETTLED_AFTER.total_seconds() - 1)
    guard.sweep(service.clock())
    assert summed(service) == []
    service.clock.move(1)
    guard.sweep(service.clock())
    assert summed(service) == [(5, 2)]


def test_what_was_summed_up_before_it_was_known_to_be_pumped_is_taken_back(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    guard.sweep(service.clock())
    town.sends(15, 0, seconds_ago=300)
    service.clock.move(720)
    guard.sweep(service.clock())
    assert summed(service) == [(15, 0)]
    town.sends(15, 0, seconds_ago=240)
    assert guard.sweep(service.clock()) == 1
    guard.sweep(service.clock())
    assert summed(service) == []


def test_what_is_usual_is_drawn_from_the_figures_that_are_listed_and_needs_no_verification(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 1)
    conversion_sums.sum_up(service.db, service.clock(), most=100)
    with service.db.write() as connection:
        is_past = verifications.c.created_at < service.clock() - timedelta(hours=2)
        connection.execute(verifications.delete().where(is_past))
    since = service.clock() - timedelta(days=3)
    report = Conversions(service.db).read(Question(Dimension.BLOCK, since), service.clock())
    assert report.groups[0].codes == SentCodes(48 * 4 + 30, 0, 48 * 3 + 1)
    guard.sweep(service.clock())
    (paused,) = active(service)
    assert paused.reason == "1 of 30 codes entered in an hour; usually 75% of 4.0 are"
    [block] = Conversions(service.db).read(Question(Dimension.BLOCK), service.clock()).groups
    assert (block.value, block.label) == (paused.name, paused.label)


def summed(service: Service) -> list[tuple[int, int]]:
    """The sends and approvals of the block in each of the last two hours."""
    with service.db.read() as connection:
        rows = connection.execute(
            select(conversions.c.sends, conversions.c.approvals).where(
                conversions.c.kind == "block", conversions.c.hour >= START - timedelta(hours=2)
            )
        )
        return [(row.sends, row.approvals) for row in rows]


def test_codes_that_no_phone_took_are_no_sign(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.sends(100, 0, handed=False)
    assert guard.sweep(service.clock()) == 0


def test_codes_that_may_still_be_entered_are_not_judged_yet(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.sends(30, 0, seconds_ago=SETTLING_SECONDS - 1)
    assert guard.sweep(service.clock()) == 0
    service.clock.move(2)
    assert guard.sweep(service.clock()) == 1


def test_a_country_is_paused_when_it_is_pumped_block_by_block(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    for n in range(10):
        town.sends(MIN_SENDS - 1, 0, block=f"+1202555{n}", country="US")
    assert guard.sweep(service.clock()) == 1
    (paused,) = active(service)
    assert (paused.kind, paused.name, paused.sends) == ("country", "US", 190)
    with pytest.raises(SendsPausedError):
        service.issue("+12025550123")
    assert service.issue(NUMBER).id


def test_a_guard_that_is_off_looks_at_nothing(service: Service, town: Town) -> None:
    guard = PumpingGuard(service.db, GuardMode.OFF, MIN_SENDS, HOUR, Outbox((), lambda _: True))
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 0
