"""Take a reply in: who sent it, and what it says. ``store/replies.py`` gives it its effect, once.

The sender's number of an SMS can be forged: but for reverse verification, which is off by default, a reply
can spare a person SMS, and give nobody anything.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from ulid import ULID

from otp_worker.domain import inbound_token
from otp_worker.domain.gateway import Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.phone_number import PhoneNumber
from otp_worker.domain.ports import Outbox
from otp_worker.domain.redaction import star, star_codes
from otp_worker.domain.reply import ReplyKind
from otp_worker.gateways.parsing import dedupe_key
from otp_worker.inbound.confirmations import Confirmations
from otp_worker.inbound.keywords import meaning_of
from otp_worker.inbound.senders import Sender, Senders, shown
from otp_worker.store import inbound_tokens, replies, verifications
from otp_worker.store.database import Database
from otp_worker.store.replies import InboundReply
from otp_worker.store.stored_replies import StoredReply

log = structlog.get_logger()

MAX_AGE = timedelta(days=7)
REPLY_TEXT_LENGTH = 1600
_NUMBER_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Replies:
    """Takes replies in; ``outbox`` takes what tells of them.

    ``languages`` are those whose words count; a report locks its number for ``report_lock_seconds``. With
    ``inbound`` a reply can hold the token of a verification.
    """

    db: Database
    keyring: Keyring
    languages: Collection[str]
    report_lock_seconds: int
    outbox: Outbox
    inbound: bool = False
    confirmations: Confirmations | None = None
    senders: Senders = field(default_factory=Senders)

    def take(self, gateway: str, reply: Reply, now: datetime) -> None:
        """Keep a reply and let it have its effect; a repeat changes nothing.

        A reply that is too old is dropped, but a STOP never is (47 CFR 64.1200(a)(10) knows no such bound).
        """
        meaning = meaning_of(reply.text, self.languages)
        if (
            reply.received_at is not None
            and now - reply.received_at > MAX_AGE
            and meaning is not ReplyKind.STOP
        ):
            log.warning("reply_too_old", gateway=gateway)
            return
        said = self._said(gateway, reply, meaning, now)
        lock_until = now + timedelta(seconds=self.report_lock_seconds)
        answered = replies.answer(self.db, said, lock_until, now, channels=self.outbox.channels)
        if answered is None:
            return
        stored = said.reply
        log.info(
            "reply", reply=stored.id, verification=stored.verification_id, meaning=answered.meaning.value
        )
        self.outbox.send(answered.notices)
        if self.confirmations is not None and said.number_hashes and answered.is_news:
            self.confirmations.ask(stored.id, answered.meaning, said.number_hashes[0], now)

    def _said(self, gateway: str, reply: Reply, meaning: ReplyKind, now: datetime) -> InboundReply:
        sender = self.senders.read(reply.number, gateway, reply.to)
        person = self._number_of(sender)
        hashes = self.keyring.number_hashes(person.e164) if person else []
        text, token_hashes = self._tokens(reply.text, now)
        verification_id, app, user = verifications.newest_of_number(self.db, hashes) or (None, None, None)
        number = person.e164 if person else reply.number[:_NUMBER_LENGTH]
        stored = StoredReply(
            id=f"rep_{ULID.from_datetime(now)}",
            gateway=gateway,
            verification_id=verification_id,
            app=app,
            number=number,
            number_hash=self.keyring.number_hash(number),
            number_masked=person.masked if person else shown(number),
            text=star_codes(text)[:REPLY_TEXT_LENGTH],
            received_at=reply.received_at or now,
            forwarded_at=None,
        )
        is_timed = reply.received_at is not None
        # Without a time the same words of another day are another message.
        key = reply.dedupe_key if is_timed else dedupe_key(reply.dedupe_key, now.date().isoformat())
        key_hashes = self.keyring.hashes("reply", key)
        # A token gives something: where its sender can be another person, that would be given to a stranger.
        proven = token_hashes if sender.is_proven else ()
        return InboundReply(stored, key, key_hashes, meaning, hashes, proven, user=user, is_timed=is_timed)

    def _number_of(self, sender: Sender) -> PhoneNumber | None:
        """Who texted: of several that it can be, the only one that a verification is kept of; else nobody."""
        numbers = sender.numbers
        if len(numbers) > 1:
            hashes = {number: self.keyring.number_hashes(number.e164) for number in numbers}
            numbers = tuple(each for each in numbers if verifications.newest_of_number(self.db, hashes[each]))
        return numbers[0] if len(numbers) == 1 else None

    def _tokens(self, text: str, now: datetime) -> tuple[str, list[bytes]]:
        """The text, its living tokens starred out, and the hashes of all that could be one."""
        if not self.inbound:
            return text, []
        plain = inbound_token.plain(text)
        found = [
            (inbound_token.token_hashes(self.keyring, token), span)
            for token, span in inbound_token.tokens_in(plain)
        ]
        hashes = [token_hash for each, _ in found for token_hash in each]
        living = inbound_tokens.living(self.db, hashes, now)
        spans = [span for each, span in found if living.intersection(each)]
        return (star(plain, spans) if spans else text), hashes
