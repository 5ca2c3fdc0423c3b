"""Statements of the third step: count a check and hand out the hash, then approve or count the failure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, update

from otp_worker.domain.errors import InvalidFieldError, NumberLockedError, NumberReportedError
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.step import BY_ITS_APP, Step, StepKind, approved
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.store import lockouts, steps
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import close_deliveries, end, tell_ended
from otp_worker.store.schema import Instant, verifications

_v = verifications.c

_FOR_A_PAYMENT = "the code is for a payment; repeat its amount, currency and payee"
_NOT_FOR_A_PAYMENT = "the code is for no payment; leave out amount, currency and payee"
RIGHT, WRONG, LOCKED = "right", "wrong", "locked"
"""What comes of a check, as its step says."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one counted check is judged with; ``number_hashes`` are those that failures are counted under.

    ``asked_at`` is when the verification was asked for.
    """

    verification_id: str
    code_hash: bytes
    key_id: str
    checks_left: int
    number_hashes: Sequence[bytes]
    asked_at: datetime


def count_check(
    db: Database,
    verification_id: str,
    app: str,
    hashes_of: Callable[[str], Sequence[bytes]],
    now: datetime,
    *,
    is_linked: bool = False,
) -> Judgement | None:
    """Use up one check; None if there is none to use: unknown, over, no check left, or nothing sent yet.

    ``hashes_of`` are what a number, or an address, is counted under; ``is_linked`` says that the check names
    a payment.

    Raises NumberLockedError and NumberReportedError, and InvalidFieldError where it names one and the code is
    for none, or the other way round; then nothing is used up.
    """
    locked: NumberLockedError | NumberReportedError | None = None
    with db.write() as connection:
        asked = {"this": verification_id, "its_app": app, "now": now}
        row = connection.execute(_COUNT_CHECK, asked).first()
        if row is None:
            return None
        if (row.derivation == Derivation.LINKED) is not is_linked:
            raise InvalidFieldError("amount", _NOT_FOR_A_PAYMENT if is_linked else _FOR_A_PAYMENT)
        hashes = [] if row.test else hashes_of(row.number or EmailAddress(row.email).identity)
        left = row.max_checks - row.checks
        try:
            if hashes:
                lockouts.count_attempt(connection, hashes, now)
        except (NumberLockedError, NumberReportedError) as error:
            if steps.last_check(connection, row.id) == LOCKED:
                raise
            locked = error
            connection.execute(_UNCOUNT_CHECK, {"this": row.id})
            steps.write(connection, [_check(row.id, LOCKED, left + 1, now)])
    if locked is not None:
        raise locked
    return Judgement(row.id, row.code_hash, row.key_id, left, hashes, row.created_at)


def _check(verification_id: str, outcome: str, left: int, now: datetime) -> Step:
    return Step(now, StepKind.CHECK, verification_id, outcome=outcome, count=left)


_THIS: BindParameter[str] = bindparam("this")
_NOW = bindparam("now", type_=Instant())

# Made once: every check asks.
_COUNT_CHECK = (
    update(verifications)
    .where(
        _v.id == _THIS,
        _v.app == bindparam("its_app"),
        _v.status == VerificationStatus.PENDING,
        _v.expires_at > _NOW,
        _v.checks < _v.max_checks,
        _v.code_hash.is_not(None),
    )
    .values(checks=_v.checks + 1)
    .returning(
        _v.id,
        _v.code_hash,
        _v.key_id,
        _v.checks,
        _v.max_checks,
        _v.number,
        _v.email,
        _v.test,
        _v.created_at,
        _v.derivation,
    )
)
_UNCOUNT_CHECK = update(verifications).where(_v.id == _THIS).values(checks=_v.checks - 1)
_APPROVE = end(VerificationStatus.APPROVED, _NOW, None, _v.id == _THIS, _v.expires_at > _NOW)


def approve(db: Database, judgement: Judgement, now: datetime) -> bool:
    """End the verification as approved; False if another check or the time ended it first."""
    verification_id = judgement.verification_id
    with db.write() as connection:
        ended = list(connection.execute(_APPROVE, {"this": verification_id, "now": now}).scalars())
        close_deliveries(connection, ended, "the code was entered before this was sent")
        if ended:
            lockouts.forgive(connection, judgement.number_hashes)
            right = _check(verification_id, RIGHT, judgement.checks_left, now)
            steps.write(connection, [right, approved(verification_id, judgement.asked_at, now)])
    return bool(ended)


def approve_unchecked(db: Database, found: Verification, now: datetime) -> bool:
    """End a verification as approved at its app's word; False if something else ended it first.

    No code was judged: its number's failed checks stay as they are.
    """
    with db.write() as connection:
        this = (_v.id == found.id, _v.app == found.app, _v.expires_at > now)
        ended = list(connection.execute(end(VerificationStatus.APPROVED, now, BY_ITS_APP, *this)).scalars())
        close_deliveries(connection, ended, "approved before this was sent")
        told = [approved(each, found.created_at, now, BY_ITS_APP) for each in ended]
        steps.write(connection, told)
    return bool(ended)


def count_failure(db: Database, judgement: Judgement, now: datetime) -> bool:
    """Count one wrong code; True if that was the last one allowed, and the verification is over.

    Failures are counted apart from checks, so that a right code still being judged is not cut off by
    the last wrong one.
    """
    verification_id = judgement.verification_id
    with db.write() as connection:
        counted = connection.execute(
            update(verifications).where(_v.id == verification_id).values(failed_checks=_v.failed_checks + 1)
        )
        if counted.rowcount:
            steps.write(connection, [_check(verification_id, WRONG, judgement.checks_left, now)])
        ended = list(
            connection.execute(
                end(
                    VerificationStatus.MAX_CHECKS_REACHED,
                    now,
                    None,
                    _v.id == verification_id,
                    _v.failed_checks >= _v.max_checks,
                )
            ).scalars()
        )
        close_deliveries(connection, ended, "too many wrong codes before this was sent")
        tell_ended(connection, ended, VerificationStatus.MAX_CHECKS_REACHED, now, "too many wrong codes")
    return bool(ended)
