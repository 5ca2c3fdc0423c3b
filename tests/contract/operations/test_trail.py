"""Where a code is: found by whatever support has in hand, with its cause and its trail."""

from dataclasses import asdict, replace

import pytest
from sqlalchemy import insert

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.step import Step, StepKind
from otp_worker.issue.request import SendRequest
from otp_worker.operations.trail import NewSteps, Trail, Trails
from otp_worker.store import erasure, schema, steps
from otp_worker.store.trail import Wanted
from tests.contract.service import NUMBER, OFFLINE, ROOT_SECRET, SHOP, Service, fail_gateway

OTHER = "+447400654321"


@pytest.fixture
def trails(service: Service) -> Trails:
    return Trails(service.db, service.keyring, service.policy.countries, service.sims, service.clock)


def trail_of(trails: Trails, verification_id: str) -> Trail:
    found = trails.trail(verification_id)
    assert found is not None
    return found


def test_whatever_support_has_in_hand_leads_to_the_verification(service: Service, trails: Trails) -> None:
    asked = SendRequest(NUMBER, "user-17", request_id="req-7")
    verification = service.issuer.issue(asked, SHOP, service.clock()).verification
    service.deliver(verification)
    service.issue(OTHER)
    spellings = (NUMBER, "07400 123456", "0044 7400-123456", "+44 (0)7400 123456")
    ids = (verification.id, f"{verification.id}.1", "msg_1", "req-7", "user-17")
    in_britain = replace(trails, countries={"GB"})
    for what in (*spellings, *ids):
        assert [each.id for each in in_britain.find(what, 10)] == [verification.id], what
    for what in ("ver_" + "0" * 26, "nobody", "+447400999999", "", "ver_1.1.1"):
        assert trails.find(what, 10) == [], what


def test_a_number_is_found_under_every_root_secret_that_counts(service: Service, trails: Trails) -> None:
    verification = service.issue()
    rotated = Keyring(["a newer root secret, long enough as well", ROOT_SECRET])
    assert [each.id for each in replace(trails, keyring=rotated).find(NUMBER, 5)] == [verification.id]
    newest_alone = Keyring(["a newer root secret, long enough as well"])
    assert replace(trails, keyring=newest_alone).find(NUMBER, 5) == []


def test_a_person_who_is_forgotten_is_found_by_nothing(service: Service, trails: Trails) -> None:
    verification, _ = service.sent()
    erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))
    for what in (NUMBER, verification.id, f"{verification.id}.1", "msg_1", verification.user or ""):
        assert trails.find(what, 5) == []
    assert trails.trail(verification.id) is None


def test_pages_tell_where_the_next_one_begins(service: Service, trails: Trails) -> None:
    ids = []
    for _ in range(3):
        ids.append(service.issue().id)
        service.clock.move(1)
    first = trails.page(Wanted(), 2)
    assert [each.id for each in first.verifications] == [ids[2], ids[1]]
    last = trails.page(Wanted(), 2, first.last)
    assert [each.id for each in last.verifications] == [ids[0]]
    assert last.last is None
    assert trails.page(Wanted(), 3).last is None


def test_a_number_that_is_none_is_refused(trails: Trails) -> None:
    with pytest.raises(InvalidFieldError):
        trails.of_number("12", Wanted(), 10)


def test_another_apps_verification_has_no_trail(service: Service, trails: Trails) -> None:
    verification = service.issue()
    assert trails.trail(verification.id, "bank") is None
    assert trail_of(trails, verification.id).verification.id == verification.id


def test_a_code_that_waits_says_since_when_the_phone_is_away(service: Service, trails: Trails) -> None:
    service.gateway.outcomes = [OFFLINE]
    for _ in range(3):
        fail_gateway(service.db, "obedient", service.clock(), "no paired phone is online")
    service.clock.move(70)
    cause = trail_of(trails, service.issue().id).cause
    assert cause.for_operators == (
        "Waiting: the phone of SIM obedient has been offline since 12:00; it is sent when it is back, "
        "at the latest until 12:06."
    )
    assert cause.for_apps == (
        "Waiting: the phone that sends it has been offline since 12:00; it is sent when it is back, "
        "at the latest until 12:06."
    )


def test_a_code_that_waited_says_how_long(service: Service, trails: Trails) -> None:
    opened = Step(service.clock(), StepKind.BREAKER_OPENED, gateway="obedient", detail="no phone is online")
    service.clock.move(10)
    verification = service.issue()
    service.clock.move(84)
    closed = Step(service.clock(), StepKind.BREAKER_CLOSED, gateway="obedient", milliseconds=94_000)
    with service.db.write() as connection:
        steps.write(connection, [opened, closed])
    service.clock.move(1.3)
    service.deliver(verification)
    found = trail_of(trails, verification.id)
    assert found.cause.for_operators == (
        "Handed over by SIM obedient at 12:01:35, 1.3 s after the phone came back; it was offline for 94 s; "
        "no receipt came yet."
    )
    told = [each.for_operators for each in found.moments]
    assert "gateway obedient is back after 94 s" in told
    assert told[-1] == "SIM obedient took the SMS over"


def test_a_verification_without_sms_has_a_cause(service: Service, trails: Trails) -> None:
    sims = Sims((Sim("obedient", "obedient", number="+447700900000"),), service.gateways)
    asked = SendRequest(NUMBER, channel="inbound")
    inviter = replace(service.inviter, sims=sims)
    verification = inviter.invite(asked, App("shop"), service.clock()).verification
    found = trail_of(trails, verification.id)
    assert found.cause.for_apps.startswith("Waiting for the person to text the token to us")
    assert found.deliveries == []


def test_a_step_that_is_written_late_is_followed_too_and_none_twice(service: Service) -> None:
    new_steps = NewSteps(service.db)
    numbered = [(n, Step(service.clock(), StepKind.BREAKER_OPENED, gateway=f"g{n}")) for n in range(101, 106)]

    def write(*numbers: int) -> None:
        with service.db.write() as connection:
            rows = [{"id": n, **asdict(step)} for n, step in numbered if n in numbers]
            connection.execute(insert(schema.steps), rows)

    write(101, 103, 105)
    assert [step.gateway for step in new_steps.read()] == ["g101", "g103", "g105"]
    assert new_steps.read() == []
    # Its number was given out before the others', and its transaction lasted longer.
    write(102)
    assert [step.gateway for step in new_steps.read()] == ["g102"]
    write(104)
    assert [step.gateway for step in new_steps.read()] == ["g104"]
