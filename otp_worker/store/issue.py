"""Statements of the first step: write a verification and its deliveries, or call it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from otp_worker.domain.errors import UnauthenticatedError
from otp_worker.domain.limits import Bucket, Limit, LimitKey, Remaining
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.store import api_keys, idempotency_keys, limits, opt_outs, pending, steps
from otp_worker.store.database import Database, concerns_all
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.lifecycle import close_deliveries, end, tell_ended
from otp_worker.store.new_delivery import NewDelivery, delivery_as_written, insert_deliveries
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.pending import PendingError
from otp_worker.store.prepared import Prepared
from otp_worker.store.rows import bucket_rows, new_verification_row, tag_rows, verification_of
from otp_worker.store.schema import verification_buckets, verification_tags, verifications

_v = verifications.c


Answer = list[Remaining] | Exception
"""What the limits leave after a send, or why it is not written."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who a code goes to, as a number or an address is counted, and for whom it was asked."""

    identity: str
    country: str
    ip_hash: bytes | None
    buckets: Sequence[Bucket] = ()


@dataclass(frozen=True, slots=True)
class SendPreconditions:
    """What a send must pass in its own transaction: its person's wishes, limits, and having one effect.

    ``left`` is what the limits leave that were asked before. ``key_hash`` names the app's key where that was
    looked up a while ago.

    The wishes are those about the number of these hashes; without any, nobody's are asked. While one send for
    ``turn`` is written, no other one is: it names the number.
    """

    scopes: Sequence[LimitKey] = ()
    turn: str = ""
    test: bool = False
    once: IdempotencyKey | None = None
    number_hashes: Sequence[bytes] = ()
    left: Sequence[Remaining] = ()
    key_hash: bytes | None = None

    @property
    def is_usual(self) -> bool:
        """Whether there is nothing to pass but wishes and the number's own limit, which many can at once."""
        return self.once is None and all(scope.limit is Limit.NUMBER for scope in self.scopes)

    @property
    def turns(self) -> set[str]:
        """What no other send may be written for meanwhile."""
        return {self.turn, *(scope.key for scope in self.scopes if scope.rates)} - {""}

    def begin(self, connection: Connection, verification_id: str, now: datetime) -> None:
        """Have the request's one effect, if its person wants it, and wait for its turn.

        Raises OptedOutError, NumberReportedError and RequestInFlightError.
        """
        opt_outs.refuse_unwanted(connection, self.number_hashes, now)
        if self.once is not None:
            # Before the limits: what a request's own twin used up is no reason to refuse it.
            idempotency_keys.claim(connection, self.once, verification_id, now)
        limits.take_turns(connection, self.turns)

    def count(self, connection: Connection, now: datetime) -> list[Remaining]:
        """What the limits leave after this one, which has its turn. Raises RateLimitExceededError."""
        return limits.refuse_beyond(connection, self.scopes, now, test=self.test)


@dataclass(frozen=True, slots=True)
class NewSend:
    """A verification with its first delivery, if it has one, and what it must pass.

    With ``instead`` it is written although another one is pending that it would repeat.
    """

    new: NewVerification
    first: NewDelivery | None
    guard: SendPreconditions
    instead: bool = False


def insert_verifications(db: Database, sends: Sequence[NewSend]) -> list[Answer]:
    """Write verifications and their first deliveries; for each what the limits leave, or why it is refused.

    The usual ones share one transaction: what is refused is no other's harm. If that transaction fails, this
    raises and nothing is written.
    """
    numbers = [send.new.number_hash for send in sends]
    # Of two to one number the second must find the first one written.
    usual = [send for send in sends if send.guard.is_usual and numbers.count(send.new.number_hash) == 1]
    answers = dict(zip((send.new.id for send in usual), _insert_together(db, usual), strict=True))
    away: Exception | None = None
    for send in sends:
        if send.new.id not in answers:
            # A database that does not answer one will not answer the next: each would wait for it in turn.
            answer = answers[send.new.id] = away or _insert_alone(db, send)
            away = answer if isinstance(answer, Exception) and concerns_all(answer) else None
    return [answers[send.new.id] for send in sends]


def find_refused(db: Database, sends: Sequence[NewSend]) -> dict[str, PendingError | UnauthenticatedError]:
    """Those of the new verifications, by their ids, that are not to be counted, and why.

    Their app's key is revoked by now, or they would repeat one that is pending.
    """
    now = max(send.new.created_at for send in sends)
    key_hashes = {send.guard.key_hash for send in sends if send.guard.key_hash is not None}
    with db.read() as connection:
        invalid = api_keys.invalid_keys(connection, key_hashes, now)
        earlier = pending.of_the_same_person(connection, [send.new for send in sends], now)
    found = {
        send.new.id: api_keys.unknown_key()
        if send.guard.key_hash in invalid
        else pending.repetition(send.new, each, instead=send.instead)
        for send, each in zip(sends, earlier, strict=True)
    }
    return {name: refusal for name, refusal in found.items() if refusal is not None}


def _insert_alone(db: Database, send: NewSend) -> Answer:
    try:
        with db.write() as connection:
            return write_alone(connection, send)
    except Exception as error:
        return error


def write_alone(connection: Connection, send: NewSend) -> list[Remaining]:
    """Write one send in a transaction; what the limits leave. Raises PendingError, and as its guard does."""
    send.guard.begin(connection, send.new.id, send.new.created_at)
    earlier = pending.of_the_same_person(connection, [send.new], send.new.created_at)[0]
    pending.refuse_repetition(send.new, earlier, instead=send.instead)
    left = send.guard.count(connection, send.new.created_at)
    pending.supersede(connection, earlier, send.new.created_at)
    _insert(connection, [send], [left])
    return left


def _insert_together(db: Database, sends: Sequence[NewSend]) -> list[Answer]:
    if not sends:
        return []
    with db.write() as connection:
        limits.take_turns(connection, {turn for send in sends for turn in send.guard.turns})
        return write_together(connection, sends)


def write_together(connection: Connection, sends: Sequence[NewSend]) -> list[Answer]:
    """Write usual sends to different numbers in a transaction that has their turns; for each its answer."""
    now = max(send.new.created_at for send in sends)
    earlier = pending.of_the_same_person(connection, [send.new for send in sends], now)
    answers = [
        pending.repetition(send.new, each, instead=send.instead) or answer
        for send, each, answer in zip(
            sends, earlier, _pass_through(connection, [send.guard for send in sends], now), strict=True
        )
    ]
    passed = {n: answer for n, answer in enumerate(answers) if not isinstance(answer, Exception)}
    pending.supersede(connection, [each for n in passed for each in earlier[n]], now)
    _insert(connection, [sends[n] for n in passed], list(passed.values()))
    return answers


def _insert(connection: Connection, sends: Sequence[NewSend], lefts: Sequence[Sequence[Remaining]]) -> None:
    firsts = [send.first for send in sends if send.first is not None]
    if sends:
        _INSERT_VERIFICATION.run(connection, [new_verification_row(send.new) for send in sends])
    if firsts:
        insert_deliveries(connection, firsts)
    tags = [row for send in sends for row in tag_rows(send.new)]
    if tags:
        _INSERT_TAG.run(connection, tags)
    buckets = [row for send in sends for row in bucket_rows(send.new)]
    if buckets:
        _INSERT_BUCKET.run(connection, buckets)
    steps.write(
        connection, [each for send, left in zip(sends, lefts, strict=True) for each in _steps(send, left)]
    )


def _steps(send: NewSend, left: Sequence[Remaining]) -> list[Step]:
    """What is told of a send: what the tightest of its limits leaves, and what it waits for."""
    new, first = send.new, send.first
    fewest = min((each.left for each in (*send.guard.left, *left)), default=None)
    number = first.number if first else None
    accepted = Step(
        new.created_at, StepKind.ACCEPTED, new.id, delivery_number=number, count=fewest, detail=new.template
    )
    return [accepted, *(first.waits if first else ())]


def _pass_through(connection: Connection, guards: Sequence[SendPreconditions], now: datetime) -> list[Answer]:
    """What each of several usual guards answers or raises."""
    refusals = opt_outs.refusals(connection, [guard.number_hashes for guard in guards], now)
    scopes = [scope for guard in guards for scope in guard.scopes if scope.rates]
    left = dict(
        zip(
            (scope.key for scope in scopes),
            limits.refuse_numbers_beyond(connection, scopes, now),
            strict=True,
        )
    )
    return [
        refusal or next((left[scope.key] for scope in guard.scopes if scope.rates), [])
        for guard, refusal in zip(guards, refusals, strict=True)
    ]


def as_written(new: NewVerification, first: NewDelivery | None) -> Verification:
    """The new verification as it stood when it was written, whatever became of it since."""
    return verification_of(
        new_verification_row(new), delivery_as_written(first) if first is not None else None
    )


def cancel(db: Database, verification_id: str, app: str, now: datetime) -> bool:
    """End a pending verification as canceled; False if there is none of that app."""
    with db.write() as connection:
        ended = list(
            connection.execute(
                end(
                    VerificationStatus.CANCELED,
                    now,
                    None,
                    _v.id == verification_id,
                    _v.app == app,
                    _v.expires_at > now,
                )
            ).scalars()
        )
        close_deliveries(connection, ended, "canceled before it was sent")
        tell_ended(connection, ended, VerificationStatus.CANCELED, now, "canceled by the app")
    return bool(ended)


# Made once: building a statement costs more than executing it.
_INSERT_VERIFICATION = Prepared(insert(verifications))
_INSERT_TAG = Prepared(insert(verification_tags))
_INSERT_BUCKET = Prepared(insert(verification_buckets))
