"""The one probe that asks whether a gateway is back: who takes it, and who gives it back."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import insert, update

from otp_worker.deliver import codes
from otp_worker.domain.passcode import hash_code
from otp_worker.domain.verification import Verification
from otp_worker.protection.circuit_breaker import Permit
from otp_worker.store.schema import opt_outs, verifications
from tests.contract.protection.outages import FIRST_STEP, go_offline
from tests.contract.service import NUMBER, OFFLINE, SHOP, START, Service


def test_one_probe_at_a_time_asks_whether_the_phone_is_back_ever_less_often(service: Service) -> None:
    go_offline(service)
    for _ in range(50):
        service.issue()
    opened_at = service.clock()
    asked_after = []
    for _ in range(600):
        before = len(service.gateway.messages)
        service.clock.move(0.1)
        service.work()
        probes = len(service.gateway.messages) - before
        assert probes <= 1
        asked_after += [(service.clock() - opened_at).total_seconds()] * probes
    steps = [later - earlier for earlier, later in pairwise([0.0, *asked_after])]
    assert steps[:6] == pytest.approx([1, 2, 4, 7, 7, 7], rel=0.12)
    assert max(steps) < 8


def take_probe(service: Service) -> Permit | str:
    """Ask for the right to hand a message over the only SIM."""
    (sim,) = service.sims.all
    state = service.breaker.state(sim.gateway)
    return service.breaker.allow(state, sim, service.clock(), service.clock())


def test_of_two_deliveries_at_once_only_one_is_the_probe(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    assert isinstance(take_probe(service), Permit)
    assert take_probe(service) == OFFLINE.reason


def test_a_probe_that_never_comes_back_is_replaced_after_its_lease(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    assert isinstance(take_probe(service), Permit)
    service.clock.move(service.policy.lease_seconds)
    assert isinstance(take_probe(service), Permit)


def test_a_probe_that_is_given_back_is_anothers_at_once(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    permit = take_probe(service)
    assert isinstance(permit, Permit)
    service.breaker.release(permit, service.clock())
    assert isinstance(take_probe(service), Permit)


def the_deadline_passes(service: Service, _: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the code is hashed, which is what takes time."""

    def hash_to_the_end(*arguments: Any) -> bytes:
        service.clock.move(300)
        return hash_code(*arguments)

    monkeypatch.setattr(codes, "hash_code", hash_to_the_end)


def the_app_cancels(service: Service, last: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the code is hashed."""

    def hash_in_vain(*arguments: Any) -> bytes:
        service.issuer.cancel(last.id, SHOP, service.clock())
        return hash_code(*arguments)

    monkeypatch.setattr(codes, "hash_code", hash_in_vain)


def its_key_is_gone(service: Service, *_: object) -> None:
    """The root secret that made it is configured no more."""
    with service.db.write() as connection:
        connection.execute(update(verifications).values(key_id="00000000"))


def its_person_said_stop(service: Service, *_: object) -> None:
    """After the request was accepted."""
    with service.db.write() as connection:
        hashed = service.keyring.number_hash(NUMBER)
        connection.execute(
            insert(opt_outs).values(number_hash=hashed, number_masked="+44...", stopped_at=service.clock())
        )


def its_text_cannot_be_made(_: Service, __: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fault of ours."""
    monkeypatch.setattr("otp_worker.deliver.text.compose", Mock(side_effect=ZeroDivisionError))


@pytest.mark.parametrize(
    "happens",
    [the_deadline_passes, the_app_cancels, its_key_is_gone, its_person_said_stop, its_text_cannot_be_made],
)
def test_a_delivery_that_does_not_ask_the_gateway_leaves_the_probe_to_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch, happens: Any
) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    last = service.issue()
    happens(service, last, monkeypatch)
    asked = len(service.gateway.messages)
    with suppress(ZeroDivisionError):
        service.deliver(last)
    assert len(service.gateway.messages) == asked
    assert isinstance(take_probe(service), Permit)


def test_what_was_on_its_way_when_it_opened_puts_no_probe_off(service: Service) -> None:
    (sim,) = service.sims.all
    state = service.breaker.state(sim.gateway)
    permits = [service.breaker.allow(state, sim, START, START) for _ in range(8)]
    for permit in permits:
        assert isinstance(permit, Permit)
        service.breaker.record(permit, OFFLINE, service.clock())
        service.clock.move(0.2)
    service.clock.now = START + timedelta(seconds=0.4 + FIRST_STEP)
    assert isinstance(take_probe(service), Permit)


def test_a_clock_that_was_an_hour_ahead_holds_no_probe_up(service: Service) -> None:
    service.clock.move(3600)
    go_offline(service)
    service.clock.now = START
    assert isinstance(take_probe(service), Permit)
