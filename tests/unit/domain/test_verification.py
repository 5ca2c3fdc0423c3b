"""A verification's status is a matter of time, whether or not a sweep has run."""

from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
EXPIRY = NOW + timedelta(minutes=5)
INSTANT = timedelta(microseconds=1)


def verification(status: VerificationStatus, checks: int = 0) -> Verification:
    delivery = Delivery(
        "ver_1.1", DeliveryStatus.SENT, 1, "GB", "phone", "phone", None, NOW, NOW, EXPIRY, NOW, None
    )
    return Verification(
        id="ver_1",
        app="shop",
        status=status,
        reason=None,
        to="+44********56",
        user=None,
        channel="sms",
        checks=checks,
        max_checks=5,
        created_at=NOW,
        expires_at=EXPIRY,
        resend_at=NOW,
        ended_at=None,
        newest_delivery=delivery,
    )


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (NOW - timedelta(hours=1), VerificationStatus.PENDING),  # a clock that runs behind
        (EXPIRY - INSTANT, VerificationStatus.PENDING),
        (EXPIRY, VerificationStatus.EXPIRED),
        (EXPIRY + INSTANT, VerificationStatus.EXPIRED),
    ],
)
def test_a_pending_verification_is_over_at_its_expiry(now: datetime, status: VerificationStatus) -> None:
    assert verification(VerificationStatus.PENDING).status_at(now) is status


@pytest.mark.parametrize("status", sorted(set(VerificationStatus) - {VerificationStatus.PENDING}))
@pytest.mark.parametrize("now", [EXPIRY - INSTANT, EXPIRY, EXPIRY + INSTANT])
def test_time_does_not_change_an_end(status: VerificationStatus, now: datetime) -> None:
    assert verification(status).status_at(now) is status


@pytest.mark.parametrize(("checks", "left"), [(0, 5), (4, 1), (5, 0), (6, 0)])
def test_checks_left_run_out_and_never_below_zero(checks: int, left: int) -> None:
    assert verification(VerificationStatus.PENDING, checks).checks_left == left
