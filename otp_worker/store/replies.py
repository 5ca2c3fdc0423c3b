"""The one transaction of a reply: it is kept, it has its effect, and whom it concerns is told. Once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from otp_worker.domain.reply import Meaning
from otp_worker.store import inbound_tokens, opt_outs, receipts, reporting
from otp_worker.store.database import Database
from otp_worker.store.notifications import insert_notices
from otp_worker.store.receipts import StoredReply
from otp_worker.store.reporting import Reported

REPLY_RECEIVED = "reply.received"
NUMBER_REPORTED = "number.reported"


@dataclass(frozen=True, slots=True)
class Said:
    """A reply and what it says; without ``number_hashes`` it comes from nobody who can be sent to.

    ``token_hashes`` stand for whatever in it could be a token.
    """

    reply: StoredReply
    dedupe_key: str
    meaning: Meaning
    number_hashes: list[bytes]
    token_hashes: Collection[bytes] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply did, and the ids of the notices that tell of it."""

    meaning: Meaning
    notices: list[str]


def answer(
    db: Database, said: Said, lock_until: datetime, now: datetime, *, channels: Iterable[str]
) -> Answered | None:
    """Keep a reply and let it have its effect; None if it is kept already, and then nothing changes."""
    with db.write() as connection:
        if not receipts.insert_reply(connection, said.reply, said.dedupe_key, now):
            return None
        meaning, reported = _act(connection, said, lock_until, now)
        receipts.set_meaning(connection, said.reply.id, meaning)
        if meaning is Meaning.OTHER:
            notices = insert_notices(connection, channels, REPLY_RECEIVED, {}, now, said.reply.id)
        else:
            notices = _tell_of_reports(connection, said.reply, reported, now, channels)
    return Answered(meaning, notices)


def _act(
    connection: Connection, said: Said, lock_until: datetime, now: datetime
) -> tuple[Meaning, list[Reported]]:
    """What the reply did: what has nothing to act on is for support."""
    reply, hashes = said.reply, said.number_hashes
    # A phone whose clock is ahead must not outdo what its person texts later.
    texted_at = min(reply.received_at, now)
    if not hashes:
        return Meaning.OTHER, []
    if inbound_tokens.approve(connection, hashes, said.token_hashes, now):
        return Meaning.APPROVED, []
    if said.meaning is Meaning.STOP:
        opt_outs.stop(connection, hashes, reply.number_masked, texted_at, now)
        return Meaning.STOP, []
    if said.meaning is Meaning.START and opt_outs.start(connection, hashes, texted_at):
        return Meaning.START, []
    if said.meaning is Meaning.REPORT and reply.verification_id and reply.app:
        reported = reporting.report(connection, hashes, lock_until, now)
        # What is over already, approved perhaps, is worth the same alarm.
        return Meaning.REPORT, reported or [Reported(reply.verification_id, reply.app)]
    return Meaning.OTHER, []


def _tell_of_reports(
    connection: Connection,
    reply: StoredReply,
    reported: list[Reported],
    now: datetime,
    channels: Iterable[str],
) -> list[str]:
    notices = []
    for each in reported:
        data = {
            "reply_id": reply.id,
            "verification_id": each.verification_id,
            "app": each.app,
            "gateway": reply.gateway,
        }
        notices += insert_notices(connection, channels, NUMBER_REPORTED, data, now)
    return notices
