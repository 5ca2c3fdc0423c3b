"""Statements about what is pending for a person already: a send that repeats it is no second code.

The same person is the same number, app, user and purpose. Another template, value of its fields or length
asks for another code. So does another payment, and a code that the app gives where we made one, or the other
way round.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from otp_worker.domain.errors import OtpError
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import TO_CHANGE, close_deliveries, end, tell_ended
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, verifications

_v = verifications.c

SUPERSEDED = "superseded by a newer request"


class PendingError(OtpError):
    """A send would repeat a verification that is pending; says which."""

    def __init__(self, verification_id: str) -> None:
        super().__init__("a code for this person is pending already")
        self.verification_id = verification_id


@dataclass(frozen=True, slots=True)
class Pending:
    """A verification that is pending."""

    id: str
    template: str | None
    fields: Mapping[str, str]
    code_length: int
    was_handed_over: bool
    is_given: bool
    link_hash: bytes | None


@dataclass(frozen=True, slots=True)
class KeptCode:
    """By what the code of a pending verification is judged."""

    code_hash: bytes
    key_id: str


def code_of(db: Database, verification_id: str) -> KeptCode | None:
    """The hash of a pending verification's code; None where it is over, or has no code yet."""
    statement = select(_v.code_hash, _v.key_id).where(
        _v.id == verification_id, _v.status == VerificationStatus.PENDING, _v.code_hash.is_not(None)
    )
    with db.read() as connection:
        row = connection.execute(statement).first()
    return KeptCode(row.code_hash, row.key_id) if row else None


def of_the_same_person(
    connection: Connection, new: Sequence[NewVerification], now: datetime
) -> list[list[Pending]]:
    """For each new verification those that are pending for the same person, the newest first."""
    # Of a message nothing is a repetition.
    hashes = [each for one in new if one.channel != CHANNEL for each in one.number_hashes]
    if not hashes:
        return [[] for _ in new]
    found: dict[tuple[bytes, str, str | None, str | None], list[Pending]] = {}
    for row in _PENDING.rows(connection, {"hashes": hashes, "now": now}):
        person = (row.number_hash, row.app, row.user, row.purpose)
        is_given = row.derivation == Derivation.GIVEN
        pending = Pending(
            id=row.id,
            template=row.template,
            fields=row.template_fields or {},
            code_length=row.code_length,
            was_handed_over=row.handed_at is not None,
            is_given=is_given,
            link_hash=row.link_hash,
        )
        found.setdefault(person, []).append(pending)
    return [
        [
            pending
            for each in one.number_hashes
            for pending in found.get((each, one.app, one.user, one.purpose), [])
        ]
        if one.token_hash is None
        else []
        for one in new
    ]


def repetition(new: NewVerification, earlier: Sequence[Pending], *, instead: bool) -> PendingError | None:
    """Which of those that are pending a new verification would repeat; none ``instead`` of which it is."""
    asked = (new.template, new.template_fields or {}, new.code_length, new.derivation == Derivation.GIVEN)
    kinds = ((each, (each.template, each.fields, each.code_length, each.is_given)) for each in earlier)
    links: Collection[bytes | None] = new.link_hashes or (None,)
    same = [each for each, kind in kinds if kind == asked and each.link_hash in links and not instead]
    return PendingError(same[0].id) if same else None


def refuse_repetition(new: NewVerification, earlier: Sequence[Pending], *, instead: bool) -> None:
    """Raise PendingError if a new verification would repeat one that is pending."""
    repeated = repetition(new, earlier, instead=instead)
    if repeated is not None:
        raise repeated


def supersede(connection: Connection, earlier: Collection[Pending], now: datetime) -> None:
    """Call back what is not sent yet, and end the verifications that nothing was sent of: no code is dead.

    A code for a payment ends although it was sent: a change of its amount or payee invalidates it.
    """
    if not earlier:
        return
    ids = sorted(each.id for each in earlier)
    connection.execute(select(_v.id).where(_v.id.in_(ids)).order_by(_v.id).with_for_update(**TO_CHANGE))
    is_over = or_(_v.handed_at.is_(None), _v.link_hash.is_not(None))
    unsent = end(VerificationStatus.CANCELED, now, SUPERSEDED, _v.id.in_(ids), is_over)
    ended = list(connection.execute(unsent).scalars())
    tell_ended(connection, ended, VerificationStatus.CANCELED, now, SUPERSEDED)
    close_deliveries(connection, ids, SUPERSEDED)


# Made once: every send asks.
_PENDING = Prepared(
    select(
        *(_v.id, _v.number_hash, _v.app, _v.user, _v.purpose, _v.code_length, _v.handed_at),
        *(_v.template, _v.template_fields, _v.derivation, _v.link_hash),
    )
    .where(
        _v.number_hash.in_(bindparam("hashes", expanding=True)),
        _v.status == VerificationStatus.PENDING,
        # Where the person texts us, nothing is sent.
        _v.token_hash.is_(None),
        _v.expires_at > bindparam("now", type_=Instant()),
    )
    .order_by(_v.created_at.desc(), _v.id.desc())
)
