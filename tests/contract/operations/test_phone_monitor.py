"""Looking after the phones, over a real database: what is reported, and how often."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from otp_worker.domain.gateway import PhoneState
from otp_worker.domain.ports import Outbox
from otp_worker.operations.phone_monitor import PhoneMonitor, battery_is_low, silence
from otp_worker.store import notifications, phones
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.database import Database
from tests.contract.service import OFFLINE, START, ObedientGateway, Service

MINUTE = timedelta(minutes=1)
WELL = GatewayState("phone")


@dataclass
class SeenGateway(ObedientGateway):
    """A gateway that tells how its phone is."""

    phone: PhoneState | None = None

    def phone_state(self) -> PhoneState | None:
        return self.phone


@pytest.fixture
def gateway(service: Service) -> Iterator[SeenGateway]:
    gateway = SeenGateway(outcomes=service.gateway.outcomes)
    service.gateways["obedient"] = service.gateway = gateway
    return iter([gateway])


@pytest.fixture
def phone(gateway: Iterator[SeenGateway]) -> SeenGateway:
    return next(gateway)


@pytest.fixture
def monitor(service: Service) -> PhoneMonitor:
    return PhoneMonitor(service.db, service.gateways, Outbox(("webhook",), lambda _: True))


def told(db: Database) -> list[str]:
    """The types of all notices so far, in order."""
    found = []
    for notice_id in notifications.due_notices(db, START + timedelta(days=1), 100):
        notice = notifications.claim_notice(
            db, notice_id, START + timedelta(days=1), START + timedelta(days=1)
        )
        assert notice is not None
        assert notice.data["gateway"] == "obedient"
        found.append((notice.created_at, notice.id, notice.type))
    return [kind for _, _, kind in sorted(found)]


@pytest.mark.parametrize(
    ("state", "phone", "why"),
    [
        (WELL, None, None),
        (WELL, PhoneState(online=True), None),
        (WELL, PhoneState(online=False), "its gateway says that it is offline"),
        (WELL, PhoneState(last_seen_at=START - MINUTE), None),
        (WELL, PhoneState(last_seen_at=START - MINUTE * 1.1), "its gateway has not seen it since 11:58:54Z"),
        (GatewayState("phone", 3, START - MINUTE, "no phone"), None, "no phone"),
        (GatewayState("phone", 3, START - MINUTE * 0.9, "no phone"), None, None),
        (GatewayState("phone", 2, START - MINUTE * 5, "no phone"), None, None),
        (GatewayState("phone", 3, START - MINUTE, "no phone"), PhoneState(online=True), "no phone"),
    ],
)
def test_a_phone_is_silent_by_its_gateways_word_or_by_what_became_of_the_last_messages(
    state: GatewayState, phone: PhoneState | None, why: str | None
) -> None:
    assert silence(state, phone, MINUTE, START) == why


@pytest.mark.parametrize(("percent", "low"), [(None, None), (15.0, True), (15.1, False)])
def test_a_battery_is_low_from_fifteen_percent(percent: float | None, low: bool | None) -> None:
    assert battery_is_low(PhoneState(battery_percent=percent)) is low
    assert battery_is_low(None) is None


def test_a_silence_is_reported_once_and_so_is_its_end(
    service: Service, phone: SeenGateway, monitor: PhoneMonitor
) -> None:
    phone.phone = PhoneState(online=False)
    for _ in range(5):
        monitor.check(service.clock())
        service.clock.move(30)
    phone.phone = PhoneState(online=True)
    for _ in range(5):
        monitor.check(service.clock())
        service.clock.move(30)
    assert told(service.db) == ["phone.silent", "phone.back"]


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_gateway_whose_clock_is_apart_from_ours_is_judged_by_whether_its_word_changes(
    service: Service, phone: SeenGateway, monitor: PhoneMonitor, hours: int
) -> None:
    apart = timedelta(hours=hours)
    for _ in range(5):
        phone.phone = PhoneState(last_seen_at=service.clock() + apart)
        monitor.check(service.clock())
        service.clock.move(30)
    assert told(service.db) == []
    # From now on it is unseen; this gateway's rhythm allows some minutes of that.
    while service.clock() <= START + 4 * MINUTE / 2 + phone.silent_after:
        monitor.check(service.clock())
        service.clock.move(30)
    monitor.check(service.clock())
    assert told(service.db) == ["phone.silent"]


def test_a_phone_that_is_well_is_no_news(service: Service, phone: SeenGateway, monitor: PhoneMonitor) -> None:
    phone.phone = PhoneState(online=True, battery_percent=80.0)
    assert monitor.check(service.clock()) == 0
    phone.phone = None
    assert monitor.check(service.clock()) == 0
    assert told(service.db) == []


def test_a_gateway_that_cannot_be_asked_is_judged_by_its_outcomes(
    service: Service, phone: SeenGateway, monitor: PhoneMonitor
) -> None:
    phone.outcomes = [OFFLINE]
    for _ in range(3):
        service.deliver(service.issue())
    assert monitor.check(service.clock()) == 0
    service.clock.move(60)
    assert monitor.check(service.clock()) == 1
    assert told(service.db) == ["phone.silent"]


def test_a_low_battery_is_reported_once_for_each_time_it_runs_low(
    service: Service, phone: SeenGateway, monitor: PhoneMonitor
) -> None:
    for percent in (20.0, 15.0, None, 10.0, 60.0, 12.0):
        phone.phone = PhoneState(online=True, battery_percent=percent)
        monitor.check(service.clock())
        service.clock.move(30)
    assert told(service.db) == ["phone.battery_low", "phone.battery_low"]


def test_two_looks_at_once_make_one_report(service: Service, phone: SeenGateway) -> None:
    phone.phone = PhoneState(online=False)
    monitors = [
        PhoneMonitor(service.db, service.gateways, Outbox(("webhook",), lambda _: True)) for _ in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda each: each.check(START), monitors)) == 1
    assert told(service.db) == ["phone.silent"]


def test_a_gateway_that_hangs_holds_one_look_and_no_second(service: Service, monitor: PhoneMonitor) -> None:
    class Hanging(ObedientGateway):
        def phone_state(self) -> PhoneState | None:
            again.append(monitor.check(START))
            return PhoneState(online=False)

    again: list[int] = []
    service.gateways["obedient"] = Hanging()
    assert monitor.check(START) == 1
    assert again == [0]


def test_the_last_sign_of_life_is_what_the_gateway_saw_or_what_it_sent(
    service: Service, phone: SeenGateway, monitor: PhoneMonitor
) -> None:
    assert [each.last_seen_at for each in phones.phones(service.db, ["obedient"])] == [None]
    service.sent()
    assert [each.last_seen_at for each in phones.phones(service.db, ["obedient"])] == [START]
    service.clock.move(90)
    seen_at = service.clock()
    phone.phone = PhoneState(last_seen_at=seen_at, battery_percent=55.0)
    monitor.check(service.clock())
    (found,) = phones.phones(service.db, ["obedient"])
    assert (found.last_seen_at, found.battery_percent, found.silent) == (seen_at, 55.0, False)
