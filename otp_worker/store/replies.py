"""The one transaction of a reply: it is kept, it has its effect, and whom it concerns is told. Once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.step import Step, StepKind
from otp_worker.store import inbound_tokens, lockouts, opt_outs, reply_keys, steps, stored_replies
from otp_worker.store.batches import delete_where, until_short
from otp_worker.store.database import Database
from otp_worker.store.lockouts import Reported
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import replies, verifications
from otp_worker.store.stored_replies import StoredReply

REPLY_RECEIVED = "reply.received"
NUMBER_REPORTED = "number.reported"


@dataclass(frozen=True, slots=True)
class InboundReply:
    """A reply and what it says; without ``number_hashes`` it comes from nobody who can be sent to.

    ``key_hashes`` stand for its content under every listed root secret, newest first; ``token_hashes`` for
    whatever in it could be a token; ``user`` is what the app calls its user. Without ``is_timed`` nobody can
    tell a repeated post from a second SMS with the same words.
    """

    reply: StoredReply
    dedupe_key: str
    key_hashes: Sequence[bytes]
    meaning: ReplyKind
    number_hashes: list[bytes]
    token_hashes: Collection[bytes] = ()
    user: str | None = None
    is_timed: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply did, and the ids of the notices that tell of it.

    ``is_news`` is false where it asked for what holds already: a STOP of whom nothing is sent to any more.
    """

    meaning: ReplyKind
    notices: list[str]
    is_news: bool


@dataclass(frozen=True, slots=True)
class _Effect:
    meaning: ReplyKind
    reported: Sequence[Reported] = ()
    is_news: bool = True


_FOR_SUPPORT = _Effect(ReplyKind.OTHER)


def answer(
    db: Database, said: InboundReply, lock_until: datetime, now: datetime, *, channels: Iterable[str]
) -> Answered | None:
    """Keep a reply and let it have its effect; None if it was posted before, and then nothing changes."""
    with db.write() as connection:
        if not _is_new(connection, said, now):
            if said.meaning is ReplyKind.STOP and not said.is_timed and said.number_hashes:
                # It may be a second STOP, after a START, and a STOP is never missed.
                opt_outs.stop(connection, said.number_hashes, said.reply.number_masked, now, now)
            return None
        effect = _act(connection, said, lock_until, now)
        stored_replies.set_meaning(connection, said.reply.id, effect.meaning)
        _tell(connection, said.reply.verification_id, effect.meaning, now)
        if effect.meaning is ReplyKind.OTHER:
            notices = insert_notices(
                connection, channels, REPLY_RECEIVED, {"user": said.user}, now, said.reply.id
            )
        else:
            notices = _tell_of_reports(connection, said.reply, effect.reported, now, channels)
    return Answered(effect.meaning, notices, effect.is_news)


def _is_new(connection: Connection, said: InboundReply, now: datetime) -> bool:
    return reply_keys.insert_new(connection, said.key_hashes, now) and stored_replies.insert(
        connection, said.reply, said.dedupe_key, now
    )


def _act(connection: Connection, said: InboundReply, lock_until: datetime, now: datetime) -> _Effect:
    """What the reply does: what has nothing to act on is for support."""
    reply, hashes = said.reply, said.number_hashes
    # A phone whose clock is ahead must not outdo what its person texts later.
    texted_at = min(reply.received_at, now)
    if not hashes:
        return _FOR_SUPPORT
    if inbound_tokens.approve(connection, hashes, said.token_hashes, now):
        return _Effect(ReplyKind.APPROVED)
    if said.meaning is ReplyKind.STOP:
        is_news = opt_outs.stop(connection, hashes, reply.number_masked, texted_at, now)
        return _Effect(ReplyKind.STOP, is_news=is_news)
    if said.meaning is ReplyKind.START and opt_outs.start(connection, hashes, texted_at):
        return _Effect(ReplyKind.START)
    if said.meaning is ReplyKind.REPORT:
        reported = lockouts.report(connection, hashes, lock_until, now)
        return _Effect(ReplyKind.REPORT, reported) if reported else _FOR_SUPPORT
    return _FOR_SUPPORT


def _tell(connection: Connection, verification_id: str | None, meaning: ReplyKind, now: datetime) -> None:
    """Write the step of a reply, if its verification is kept: the person may be erased meanwhile."""
    kept = select(verifications.c.id).where(verifications.c.id == verification_id)
    if verification_id and connection.execute(kept.with_for_update(read=True, key_share=True)).first():
        steps.write(connection, [Step(now, StepKind.REPLY, verification_id, outcome=meaning)])


def _tell_of_reports(
    connection: Connection,
    reply: StoredReply,
    reported: Sequence[Reported],
    now: datetime,
    channels: Iterable[str],
) -> list[str]:
    notices = []
    for each in reported:
        data = {
            "reply_id": reply.id,
            "verification_id": each.verification_id,
            "app": each.app,
            "user": each.user,
        }
        notices += insert_notices(connection, channels, NUMBER_REPORTED, data, now, reply.id)
    return notices


def forget_numbers(db: Database, before: datetime) -> int:
    """Drop the plain numbers of the replies that came before then."""

    def act(size: int) -> int:
        old = (replies.c.number.is_not(None), replies.c.created_at <= before)
        batch = select(replies.c.id).where(*old).limit(size)
        with db.update() as connection:
            forgotten = update(replies).where(replies.c.id.in_(batch)).values(number=None)
            return connection.execute(forgotten).rowcount

    return until_short(act)


def purge(db: Database, before: datetime) -> int:
    """Delete the replies that came before then, with what is to be told of them."""
    return delete_where(db, replies, replies.c.created_at <= before)
