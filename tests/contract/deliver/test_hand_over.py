"""A request that cannot be built, or a claim not be asked for: nothing is handed over, and nothing held."""

from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.domain.policy import Policy
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.gateways.hand_over import hand_over
from otp_worker.gateways.kannel import KannelAccount
from otp_worker.store import claims
from otp_worker.store.database import Database
from otp_worker.store.schema import gateways
from otp_worker.store.sim_budgets import usage
from tests.contract.service import ACCEPTED, OFFLINE, ObedientGateway, Service, fail_gateway
from tests.contract.stalling import Away

SIM = Sim("obedient", "obedient", per_day=5)


class Asking(ObedientGateway):
    """Asks right before the first byte whether the message may leave, as every real adapter does."""

    def send(self, message: Message) -> Outcome:
        if not message.may_leave():
            return Outcome(OutcomeKind.WITHDRAWN, "withdrawn")
        return super().send(message)


class Stumbling(Asking):
    """Stumbles over the message: before it may leave, or after that."""

    def __init__(self, *, after: bool) -> None:
        super().__init__()
        self._after = after

    def send(self, message: Message) -> Outcome:
        if self._after:
            super().send(message)
        raise ValueError(f"{message.text} to {message.to}")


def over(db: Database, gateway: ObedientGateway, policy: Policy | None = None) -> Service:
    """A service over one SIM with a budget."""
    service = Service(db, policy, sims=Sims((SIM,), {"obedient": gateway}))
    service.gateway = gateway
    return service


def sent_today(service: Service) -> int:
    """What counts for the SIM's budget of the day."""
    return usage(service.db, [SIM], service.clock())[0].sent_today


def open_breaker(service: Service) -> None:
    """The gateway is away, and a probe of it is due."""
    for _ in range(3):
        fail_gateway(service.db, "obedient", service.clock(), "away")


def attempts(service: Service, verification: Verification) -> tuple[DeliveryStatus, int]:
    found = service.read(verification).delivery
    return found.status, found.attempts


def test_what_no_adapter_can_build_gives_its_turn_back_and_tells_the_operator(db: Database) -> None:
    service = over(db, Stumbling(after=False))
    verification = service.issue()
    service.deliver(verification)
    assert attempts(service, verification) == (DeliveryStatus.WAITING, 1)
    assert sent_today(service) == 0
    with db.read() as connection:
        row = connection.execute(select(gateways)).one()
    assert row.misconfigured_since == service.clock()
    assert row.reason == "the request cannot be built (ValueError)"


def test_a_probe_that_cannot_be_built_lets_the_next_one_follow(db: Database) -> None:
    service = over(db, Stumbling(after=False))
    open_breaker(service)
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(2)
    service.gateway = gateway = Asking()
    service.sims.gateways["obedient"] = gateway  # type: ignore[index]
    service.work()
    assert attempts(service, verification)[0] is DeliveryStatus.SENT


def test_what_stumbles_after_the_message_may_have_left_is_uncertain(db: Database) -> None:
    service = over(db, Stumbling(after=True))
    verification = service.issue()
    service.deliver(verification)
    found = service.read(verification)
    assert found.delivery.reason == "the gateway's adapter failed (ValueError)"
    assert found.status is VerificationStatus.PENDING
    assert sent_today(service) == 1


def test_a_template_that_no_url_can_hold_is_found_before_anything_is_sent() -> None:
    kannel = KannelAccount(url="http://127.0.0.1:9", key=SecretStr("user:password")).open("kannel")
    message = Message("+447400123456", "Your code \ud800 is 123456", "ver_1.1", None, 300.0, 5.0)
    assert hand_over(kannel, message).kind is OutcomeKind.MISCONFIGURED


@pytest.mark.parametrize("probing", [False, True])
def test_a_database_that_is_away_right_before_the_first_byte_takes_neither_turn_nor_probe(
    db: Database, monkeypatch: pytest.MonkeyPatch, probing: bool
) -> None:
    service = over(db, Asking())
    if probing:
        open_breaker(service)
    verification = service.issue()
    real, asked = claims.holds, [0]

    def holds(*arguments: object) -> bool:
        asked[0] += 1
        return bool(Away(real, times=asked[0] == 2)(*arguments))

    monkeypatch.setattr(claims, "holds", holds)
    # Its first yes is good for a moment: the second question comes when that is over.
    service.deliverer = replace(service.deliverer, monotonic=_Ticking())
    service.deliver(verification)
    assert asked[0] == 2
    assert service.gateway.messages == []
    assert sent_today(service) == 0
    assert attempts(service, verification) == (DeliveryStatus.WAITING, 0)
    service.work()
    assert attempts(service, verification) == (DeliveryStatus.SENT, 1)


def test_what_is_neither_the_databases_nor_the_gateways_fault_frees_turn_and_probe_and_is_raised(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = over(db, Asking())
    open_breaker(service)
    broken, whole = service.issue(), service.issue("+447400654321")
    with monkeypatch.context() as patched:
        patched.setattr(claims, "holds", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            service.deliver(broken)
    assert sent_today(service) == 0
    service.deliver(whole)
    assert attempts(service, whole)[0] is DeliveryStatus.SENT


class _Ticking:
    """A monotonic clock on which each look takes a fifth of a second."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        self._seconds += 0.2
        return self._seconds


def test_outcomes_pass_unchanged() -> None:
    gateway = ObedientGateway([ACCEPTED, OFFLINE])
    message = Message("+447400123456", "Your code is 123456", "ver_1.1", None, 300.0, 5.0)
    assert [hand_over(gateway, message) for _ in range(2)] == [ACCEPTED, OFFLINE]
