"""The pumping guard over a real database: what it pauses, what it leaves alone, and what an operator does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, insert, select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError, SendsPausedError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import SETTLING_SECONDS, GuardMode
from otp_worker.domain.verification import VerificationStatus
from otp_worker.operations.admin import Operator
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store import notifications
from otp_worker.store import pauses as stored_pauses
from otp_worker.store.database import Database
from otp_worker.store.pauses import Pause
from otp_worker.store.schema import conversions, verifications
from tests.contract.service import NUMBER, ROOT_SECRET, START, Service

BLOCK = "+44740012"
ELSEWHERE = "+447400999999"
HOUR = 3600
MIN_SENDS = 20


class Town:
    """Sends and what became of them, written down without being made one by one."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._number = count(1)
        verification = service.issue()
        with service.db.write() as connection:
            row = connection.execute(select(verifications).where(verifications.c.id == verification.id)).one()
            self._row = dict(row._mapping)
            connection.execute(verifications.delete())

    def sends(
        self,
        sends: int,
        approvals: int,
        *,
        block: str = BLOCK,
        country: str = "GB",
        seconds_ago: float = HOUR / 2,
        handed: bool = True,
        app: str = "shop",
    ) -> None:
        """So many codes sent to a block so long ago, of which so many were entered."""
        created_at = self._service.clock() - timedelta(seconds=seconds_ago)
        rows = [
            {
                **self._row,
                "app": app,
                "id": f"ver_{next(self._number):026}",
                "number": f"{block}{n:04}",
                "block_hash": self._service.limits.block_hash(f"{block}0000"),
                "country": country,
                "status": VerificationStatus.APPROVED if n < approvals else VerificationStatus.EXPIRED,
                "created_at": created_at,
                "handed_at": created_at if handed else None,
            }
            for n in range(sends)
        ]
        with self._service.db.write() as connection:
            connection.execute(insert(verifications), rows)

    def usual_days(
        self, *, sends_an_hour: int = 4, approvals: int = 3, block: str = BLOCK, country: str = "GB"
    ) -> None:
        """Two days in which so many of so many codes an hour were entered."""
        for hours_ago in range(3, 51):
            self.sends(sends_an_hour, approvals, block=block, country=country, seconds_ago=hours_ago * HOUR)


@pytest.fixture
def town(service: Service) -> Town:
    return Town(service)


@pytest.fixture
def guard(service: Service) -> PumpingGuard:
    return PumpingGuard(service.db, GuardMode.ON, MIN_SENDS, HOUR, Outbox(("webhook",), lambda _: True))


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service.db, service.limits, service.policy.countries)


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The glance of a second is tested by itself."""
    monkeypatch.setattr("otp_worker.protection.pauses.GLANCE_SECONDS", -1.0)
    return iter(())


def active(service: Service) -> list[Pause]:
    return stored_pauses.active_pauses(service.db, service.clock())


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


def test_a_refused_send_writes_nothing(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    with service.db.read() as connection:
        before = connection.execute(select(func.count()).select_from(verifications)).scalar()
    with pytest.raises(SendsPausedError):
        service.issue(NUMBER)
    with service.db.read() as connection:
        assert connection.execute(select(func.count()).select_from(verifications)).scalar() == before


def test_a_resend_to_a_paused_block_is_refused_too(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.usual_days()
    verification, _ = service.sent()
    town.sends(30, 0)
    guard.sweep(service.clock())
    service.clock.move(31)
    with pytest.raises(SendsPausedError):
        service.resend(verification)


def test_a_test_key_is_never_paused(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    assert service.issue(app=App("test:shop", test=True)).id


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
    service.clock.move(600 - 1)
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


def test_a_pause_ends_and_the_next_one_is_twice_as_long(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    for hours in (1, 2, 4):
        town.sends(30, 0, seconds_ago=600)
        assert guard.sweep(service.clock()) == 1
        service.clock.move(hours * HOUR - 1)
        with pytest.raises(SendsPausedError):
            service.issue(NUMBER)
        service.clock.move(1)
        service.issue(NUMBER)
    service.clock.move(26 * HOUR)
    town.sends(30, 0, seconds_ago=600)
    guard.sweep(service.clock())
    assert [each.in_a_row for each in active(service)] == [1]


def test_what_was_pumped_does_not_become_usual(service: Service, town: Town, guard: PumpingGuard) -> None:
    town.usual_days()
    for _ in range(8):
        town.sends(60, 0, seconds_ago=600)
        assert guard.sweep(service.clock()) == 1
        service.clock.move(25 * HOUR)


def test_an_operator_lifts_a_pause_and_the_same_figures_do_not_bring_it_back(
    service: Service, town: Town, guard: PumpingGuard, operator: Operator
) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    (paused,) = active(service)
    operator.exempt(paused.name, service.clock() + timedelta(hours=1))
    assert service.issue(NUMBER).id
    assert guard.sweep(service.clock()) == 0
    service.clock.move(HOUR + 1)
    town.sends(30, 0, seconds_ago=600)
    assert guard.sweep(service.clock()) == 1


@pytest.mark.parametrize("target", [NUMBER, "GB", "gb"])
def test_what_is_exempt_is_never_paused(
    service: Service, town: Town, guard: PumpingGuard, operator: Operator, target: str
) -> None:
    town.usual_days()
    operator.exempt(target, service.clock() + timedelta(days=9999))
    operator.exempt("GB" if target == NUMBER else NUMBER, service.clock() + timedelta(days=9999))
    town.sends(300, 0)
    assert guard.sweep(service.clock()) == 0


def test_a_name_that_is_not_known_is_told(operator: Operator) -> None:
    with pytest.raises(NotFoundError, match="no country code, no mobile number and no name"):
        operator.exempt("deadbeef", START)


def test_an_observing_guard_tells_and_refuses_nothing(service: Service, town: Town) -> None:
    guard = PumpingGuard(service.db, GuardMode.OBSERVE, MIN_SENDS, HOUR, Outbox(("webhook",), lambda _: True))
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 1
    assert guard.sweep(service.clock()) == 0
    Pauses(service.db, service.limits, GuardMode.OBSERVE).refuse_paused(NUMBER, "GB", "shop", service.clock())
    assert len(notifications.due_notices(service.db, service.clock(), 10)) == 1


def test_a_guard_that_is_off_looks_at_nothing(service: Service, town: Town) -> None:
    guard = PumpingGuard(service.db, GuardMode.OFF, MIN_SENDS, HOUR, Outbox((), lambda _: True))
    town.sends(30, 0)
    assert guard.sweep(service.clock()) == 0


def test_a_pause_says_its_figures_and_nobodys_number(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    (paused,) = active(service)
    assert paused.reason == "0 of 30 codes entered in an hour; usual are 75% of 4.0"
    assert paused.label == "+44740012****"
    (notice_id,) = notifications.due_notices(service.db, service.clock(), 10)
    notice = notifications.claim_notice(service.db, notice_id, service.clock(), service.clock())
    assert notice is not None
    assert notice.type == "guard.paused"
    assert (notice.data["name"], notice.data["sends"], notice.data["approvals"]) == (paused.name, 30, 0)


def test_two_sweeps_at_once_make_one_pause_and_one_notice(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 0)
    now = service.clock()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: guard.sweep(now), range(4))) == 1
    assert len(notifications.due_notices(service.db, now, 10)) == 1
    with service.db.read() as connection:
        hours = connection.execute(select(func.count()).where(conversions.c.kind == "all")).scalar_one()
    assert hours == 48


def test_intake_looks_at_most_once_a_second(
    db: Database, service: Service, town: Town, guard: PumpingGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.usual_days()
    monkeypatch.setattr("otp_worker.protection.pauses.GLANCE_SECONDS", 1.0)
    passed = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    pauses = Pauses(db, service.limits, GuardMode.ON)
    pauses.refuse_paused(NUMBER, "GB", "shop", service.clock())
    town.sends(30, 0)
    guard.sweep(service.clock())
    pauses.refuse_paused(NUMBER, "GB", "shop", service.clock())
    passed[0] += 1.1
    with pytest.raises(SendsPausedError):
        pauses.refuse_paused(NUMBER, "GB", "shop", service.clock())


def test_a_pause_holds_through_a_rotation_of_the_root_secret(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    with service.db.write() as connection:
        connection.execute(update(verifications).values(number=None))
    keyring = Keyring(["a newer root secret of the tests, long too", ROOT_SECRET])
    with pytest.raises(SendsPausedError):
        Pauses(service.db, Limits(keyring), GuardMode.ON).refuse_paused(NUMBER, "GB", "shop", service.clock())
