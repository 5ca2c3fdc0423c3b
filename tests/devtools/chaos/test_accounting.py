"""The account finds each kind of breach, and nothing where there is none."""

from dataclasses import replace
from typing import Any

import pytest

from otp_worker.devtools.chaos.accounting import Account, account
from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.plan import GATEWAY, Kind
from otp_worker.devtools.chaos.records import DeliveryRow, JournalLine, Records
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus
from tests.devtools.chaos.judging import span
from tests.devtools.chaos.records import (
    DELIVERY,
    VERIFICATION,
    after,
    delivery,
    line,
    records,
    request,
    verification,
)


def drawn(found: Records, **changes: Any) -> Account:
    return account(found, **({"worker_kills": 0, "concurrency": 8, "dedupe": False} | changes))


def breaches(found: Records, **changes: Any) -> list[tuple[Breach, str]]:
    return [(finding.breach, finding.subject) for finding in drawn(found, **changes).findings]


def test_a_code_that_was_sent_is_no_breach() -> None:
    result = drawn(records())
    assert result.findings == []
    assert (result.asked, result.accepted, result.messages, result.duplicated) == (1, 1, 1, 0)
    assert result.ends == {"sent": 1}


def test_an_accepted_request_that_is_not_in_the_database_is_lost() -> None:
    found = records(verifications=[], deliveries=[], journal=[])
    assert breaches(found) == [(Breach.LOST, VERIFICATION)]
    assert drawn(found).ends == {"lost": 1}


@pytest.mark.parametrize("status", OPEN)
def test_an_accepted_request_that_never_ended_is_lost(status: DeliveryStatus) -> None:
    found = records(deliveries=[delivery(status=status)])
    assert breaches(found) == [(Breach.LOST, DELIVERY)]
    assert drawn(found).ends == {"lost": 1}


def test_what_only_the_database_calls_sent_is_lost() -> None:
    assert breaches(records(journal=[])) == [(Breach.LOST, DELIVERY)]


def test_what_perhaps_was_sent_and_was_not_is_counted_and_no_breach() -> None:
    found = records(deliveries=[delivery(gateway_message_id=None)], journal=[])
    assert breaches(found) == []
    assert drawn(found).unsure == 1


def test_what_perhaps_was_sent_over_a_handshake_that_never_ended_is_lost() -> None:
    found = records(deliveries=[delivery(gateway_message_id=None)], journal=[])
    endless = span(Kind.TLS_HANDSHAKE, GATEWAY, 1, 3)
    assert breaches(replace(found, spans=[endless])) == [(Breach.LOST, DELIVERY)]
    assert breaches(replace(found, spans=[span(Kind.TLS_RESET, GATEWAY, 1, 3)])) == []
    assert breaches(replace(found, spans=[span(Kind.TLS_HANDSHAKE, GATEWAY, 21, 23)])) == []
    assert breaches(replace(found, spans=[endless, span(Kind.ERROR, GATEWAY, 2, 3)])) == []
    assert breaches(replace(records(), spans=[endless])) == []


def test_what_expired_without_anybody_trying_is_lost() -> None:
    row = delivery(status=DeliveryStatus.EXPIRED, gateway=None, gateway_message_id=None, attempts=0)
    failed = verification(status=VerificationStatus.FAILED)
    found = records(verifications=[failed], deliveries=[row], journal=[])
    assert breaches(found) == [(Breach.LOST, DELIVERY)]


def test_what_expired_because_the_gateway_would_not_take_it_is_no_breach() -> None:
    row = delivery(status=DeliveryStatus.EXPIRED, gateway_message_id=None, reason="no phone is online")
    failed = verification(status=VerificationStatus.FAILED)
    found = records(verifications=[failed], deliveries=[row], journal=[])
    assert breaches(found) == []
    assert drawn(found).ends == {"expired": 1}


def test_a_lost_resend_is_lost_too() -> None:
    second = delivery(id=f"{VERIFICATION}.2", status=DeliveryStatus.QUEUED)
    assert breaches(records(deliveries=[delivery(), second])) == [(Breach.LOST, second.id)]


def test_a_request_that_nobody_knows_to_be_accepted_may_be_gone() -> None:
    unknown = request(accepted_at=None, verification_id=None)
    found = records(requests=[unknown], verifications=[], deliveries=[], journal=[])
    assert breaches(found) == []
    assert (drawn(found).accepted, drawn(found).unknown) == (0, 1)


def test_a_message_after_its_deadline_is_late() -> None:
    assert breaches(records(journal=[line(taken_at=after(60))])) == []
    assert breaches(records(journal=[line(taken_at=after(60.001))])) == [(Breach.LATE, DELIVERY)]


def test_a_message_after_its_codes_life_is_late() -> None:
    ended = verification(expires_at=after(30))
    assert breaches(records(verifications=[ended], journal=[line(taken_at=after(30))])) == []
    assert breaches(records(verifications=[ended], journal=[line(taken_at=after(31))])) == [
        (Breach.LATE, DELIVERY)
    ]


def test_a_message_to_a_number_that_nobody_asked_for_is_unexpected() -> None:
    assert breaches(records(requests=[])) == [(Breach.UNEXPECTED, DELIVERY)]


def test_a_message_of_a_request_whose_answer_was_lost_is_expected() -> None:
    assert breaches(records(requests=[request(accepted_at=None, verification_id=None)])) == []


def test_a_message_without_its_rows_is_unexpected() -> None:
    unknown = request(accepted_at=None, verification_id=None)
    found = records(requests=[unknown], verifications=[], deliveries=[])
    assert breaches(found) == [(Breach.UNEXPECTED, DELIVERY)]


def test_a_message_to_somebody_elses_number_is_unexpected() -> None:
    other = request(number="+447400000000", accepted_at=None, verification_id=None)
    found = records(requests=[request(), other], journal=[line(), line(to=other.number)])
    assert (Breach.UNEXPECTED, DELIVERY) in breaches(found)


def test_two_codes_for_one_verification_differ() -> None:
    second = delivery(id=f"{VERIFICATION}.2", gateway_message_id="msg_2")
    resent = line(ref=second.id)
    assert breaches(records(deliveries=[delivery(), second], journal=[line(), resent])) == []
    spoilt = records(deliveries=[delivery(), second], journal=[line(), line(ref=second.id, code="654321")])
    assert breaches(spoilt) == [(Breach.DIFFERING, VERIFICATION)]


def twice(row: DeliveryRow) -> Records:
    journal: list[JournalLine] = [line(), line(taken_at=after(2))]
    return records(deliveries=[row], journal=journal)


@pytest.mark.parametrize("cause", ["uncertain", "abandoned"])
def test_a_second_message_after_an_attempt_without_an_outcome_has_its_cause(cause: str) -> None:
    found = twice(delivery(attempts=2, **{cause: 1}))
    assert breaches(found, worker_kills=1) == []
    assert drawn(found).duplicated == 1


def test_a_second_message_without_such_an_attempt_has_none() -> None:
    assert breaches(twice(delivery(attempts=2)), worker_kills=1) == [(Breach.UNCAUSED, DELIVERY)]


def test_the_bound_of_doubles_is_uncertain_outcomes_and_what_killed_workers_had_in_hand() -> None:
    assert drawn(twice(delivery(uncertain=2)), worker_kills=3, concurrency=8).duplicates_bound == 2 + 3 * 8
    over = twice(delivery(abandoned=1))
    assert breaches(over) == [(Breach.TOO_MANY_DOUBLES, "all")]


def test_a_gateway_that_dedupes_doubles_nothing() -> None:
    found = twice(delivery(uncertain=1))
    assert breaches(found, worker_kills=1, dedupe=True) == [(Breach.TOO_MANY_DOUBLES, "all")]


def test_what_is_said_to_have_failed_must_not_be_on_the_phone() -> None:
    row = delivery(status=DeliveryStatus.EXPIRED, gateway_message_id=None)
    failed = verification(status=VerificationStatus.FAILED)
    assert breaches(records(verifications=[failed], deliveries=[row])) == [(Breach.DISOWNED, VERIFICATION)]


def test_a_valid_request_must_not_be_refused() -> None:
    again = request(accepted_at=None, verification_id=None, refused=429)
    assert breaches(records(requests=[request(), again])) == [(Breach.REFUSED, again.number)]


@pytest.mark.parametrize(
    ("status", "delivery_status", "end"),
    [
        (VerificationStatus.CANCELED, DeliveryStatus.SUPERSEDED, "canceled"),
        (VerificationStatus.CANCELED, DeliveryStatus.SENT, "canceled"),
        (VerificationStatus.APPROVED, DeliveryStatus.SENT, "sent"),
        (VerificationStatus.EXPIRED, DeliveryStatus.SENT, "sent"),
        (VerificationStatus.FAILED, DeliveryStatus.FAILED, "failed"),
        (VerificationStatus.FAILED, DeliveryStatus.EXPIRED, "expired"),
    ],
)
def test_every_accepted_request_has_one_end(
    status: VerificationStatus, delivery_status: DeliveryStatus, end: str
) -> None:
    row = delivery(status=delivery_status)
    assert drawn(records(verifications=[verification(status=status)], deliveries=[row])).ends == {end: 1}
