"""Confirmation texts: one SMS that says what a STOP or a report did. Off unless the operator words one.

A number gets one a day at most, and only for a STOP or a report: whatever answers by itself on the other side
is not answered again. One that was begun and is lost on its way is not repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Message, OutcomeKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import Publish
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.gateways.hand_over import hand_over
from otp_worker.inbound.side_sends import Away, obstacle
from otp_worker.store import confirmations, opt_outs, stored_replies
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import Reservation, release, reserve

log = structlog.get_logger()

LIFE_SECONDS = 300.0
TIMEOUT_SECONDS = 15.0
WAITED_FOR = timedelta(seconds=3)
"""A confirmation that was asked for so long ago and not sent may have lost its place in the queue."""
BATCH = 2


@dataclass(frozen=True, slots=True)
class Confirmations:
    """What intake asks for: ``texts`` are those that the operator worded, by what they confirm."""

    db: Database
    texts: Mapping[ReplyKind, str]
    publish: Publish

    def ask(self, reply_id: str, meaning: ReplyKind, number_hash: bytes, now: datetime) -> None:
        """Have a reply confirmed, unless its number was sent a confirmation today."""
        if meaning in self.texts and confirmations.insert_once_a_day(self.db, number_hash, reply_id, now):
            self.publish(reply_id)


@dataclass(frozen=True, slots=True)
class Confirmer:
    """What a worker sends."""

    db: Database
    keyring: Keyring
    texts: Mapping[ReplyKind, str]
    sims: Sims
    away: Away

    def confirm(self, reply_id: str, now: datetime) -> str:
        """Send the confirmation of a reply, once; what came of it, for people."""
        asked = confirmations.claim(self.db, reply_id, now)
        reply = stored_replies.find(self.db, reply_id)
        if asked is None or reply is None or reply.number is None:
            return "not asked for, or done already"
        text = self.texts.get(reply.meaning)
        if text is None:
            return "nothing to say"
        if not self._may_write(reply.number, reply.meaning):
            return f"not confirmed: {opt_outs.WANTS_NO_SMS}"
        reserved = self._reserve(reply.gateway, reply.number, asked, now)
        if isinstance(reserved, str):
            return f"not confirmed: {reserved}"
        sim, turn = reserved
        message = Message(
            reply.number, text, reply_id, None, LIFE_SECONDS, TIMEOUT_SECONDS, sim.number, sim.slot
        )
        outcome = hand_over(self.sims.gateway_of(sim), message)
        if outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            release(self.db, turn)
        log.info("confirmation", reply=reply_id, outcome=outcome.kind.value, reason=outcome.reason)
        return f"confirmed over {sim.name}: {outcome.reason}"

    def publish_waiting(self, publish: Publish, now: datetime) -> int:
        """Publish the confirmations that no worker had room for, while they are still news; their number."""
        since, until = now - timedelta(seconds=LIFE_SECONDS), now - WAITED_FOR
        waiting = confirmations.waiting(self.db, since, until, BATCH)
        for reply_id in waiting:
            publish(reply_id)
        return len(waiting)

    def _may_write(self, number: str, meaning: ReplyKind) -> bool:
        """Whether to write to a number: to one that is opted out, only to say so (47 CFR 64.1200(a)(12))."""
        try:
            opt_outs.refuse_opted_out(self.db, self.keyring.number_hashes(number))
        except OptedOutError:
            return meaning is ReplyKind.STOP
        return True

    def _reserve(
        self, gateway: str, number: str, number_hash: bytes, now: datetime
    ) -> tuple[Sim, Reservation] | str:
        """A SIM of the gateway that the reply came in by, its turn taken; or why there is none."""
        reason = f"no SIM is behind {gateway}"
        for sim in (sim for sim in self.sims.all if sim.gateway == gateway):
            reason = obstacle(sim, number, now, self.away) or ""
            if reason:
                continue
            turn = reserve(self.db, sim, number_hash, now)
            if isinstance(turn, Reservation):
                return sim, turn
            reason = turn
        return reason
