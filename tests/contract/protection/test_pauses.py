"""A pause of the pumping guard: what it refuses, how long, who lifts it and what it says."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError, SendsPausedError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.operations.admin import Operator
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store import notifications
from otp_worker.store.database import Database
from otp_worker.store.schema import conversions, verifications
from tests.contract.protection.town import HOUR, MIN_SENDS, Town, active
from tests.contract.service import NUMBER, ROOT_SECRET, START, Service

pytestmark = pytest.mark.usefixtures("no_glance")


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


def test_a_pause_says_its_figures_and_nobodys_number(
    service: Service, town: Town, guard: PumpingGuard
) -> None:
    town.usual_days()
    town.sends(30, 0)
    guard.sweep(service.clock())
    (paused,) = active(service)
    assert paused.reason == "0 of 30 codes entered in an hour; usually 75% of 4.0 are"
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
