"""What apps are told of a reason."""

import pytest

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.public_reason import SENT_AFTER_ALL, public_reason
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus

D, V = DeliveryStatus, VerificationStatus


@pytest.mark.parametrize(
    "reason",
    [
        "A has written to its 3 numbers of this month",
        "A has sent its 100 of today",
        "A works 09:00 to 17:00 Europe/London",
        "waits for its turn: 30 a minute",
        "no SIM serves GB",
        "no paired phone is online (no_active_device_for_tenant)",
        "the gateway account is not active (tenant_inactive)",
        "the gateway refuses our key (invalid_api_key)",
        "the gateway's plan is used up (429)",
        "there is no such gateway address (not_found)",
        "key id 00000000 is not known here",
        "given up: its attempts never ended",
    ],
)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (D.QUEUED, "it is tried again soon"),
        (D.WAITING, "it waits for a phone that can send it"),
        (D.FAILED, "it could not be sent"),
        (D.EXPIRED, "not sent in time"),
        (D.DELIVERED, None),
        (V.FAILED, "it could not be sent"),
    ],
)
def test_the_operators_affairs_are_no_apps_business(
    status: DeliveryStatus | VerificationStatus, said: str | None, reason: str
) -> None:
    assert public_reason(status, reason) == said


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (V.FAILED, "not sent in time: A has sent its 100 of today", "not sent in time"),
        (V.FAILED, "the gateway refuses this message (validation_error)", "the gateway refuses this message"),
        (D.FAILED, "the person wants no SMS", "the person wants no SMS"),
        (D.SENT, "it may have been sent: the gateway gave no answer (ReadTimeout)", "it may have been sent"),
        (D.SUPERSEDED, "canceled before it was sent", "canceled before it was sent"),
        (V.CANCELED, "reported by the person", "reported by the person"),
        (
            V.CANCELED,
            "the database was restored from a backup, made 2026-03-01 12:00:00Z",
            "the database was restored from a backup",
        ),
        (D.SENT, None, None),
    ],
)
def test_what_concerns_the_app_is_said(
    status: DeliveryStatus | VerificationStatus, reason: str | None, said: str | None
) -> None:
    assert public_reason(status, reason) == said


def test_that_it_was_sent_after_all_is_said_too() -> None:
    told = public_reason(D.EXPIRED, f"not sent in time: A has sent its 9 of today{SENT_AFTER_ALL}")
    assert told == f"not sent in time{SENT_AFTER_ALL}"


def test_only_what_the_operator_can_mend_is_an_alarm_and_an_outage_holds() -> None:
    told = {kind: (Outcome(kind, "").alarm, Outcome(kind, "").is_outage) for kind in OutcomeKind}
    assert {kind for kind, (alarm, _) in told.items() if alarm} == {OutcomeKind.MISCONFIGURED}
    assert {kind for kind, (_, outage) in told.items() if outage} == {
        OutcomeKind.MISCONFIGURED,
        OutcomeKind.UNAVAILABLE,
    }
