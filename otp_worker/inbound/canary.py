"""Canaries: a real SMS from one of the operator's SIMs to another, which tells how long an SMS really takes.

A receipt can lie; what came in at the other phone did arrive.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from ulid import ULID

from otp_worker.domain.gateway import Message, OutcomeKind, Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.phone_number import country_of
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims
from otp_worker.gateways.hand_over import hand_over
from otp_worker.inbound.senders import can_stand_for
from otp_worker.inbound.side_sends import Away, obstacle
from otp_worker.protection.isolation import isolated
from otp_worker.store import canaries
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import release, reserve

log = structlog.get_logger()

LOST_AFTER = timedelta(seconds=120)
TIMEOUT_SECONDS = 15.0
_TEXT = "otp-worker canary {}"
_ARRIVED = re.compile(r"\s*otp-worker canary ([0-9A-Z]{26})\s*")


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries with all they need: one every ``every_seconds``, however many beats and upkeeps there are.

    ``outbox`` takes what tells of a lost one and of a SIM that cannot send.
    """

    db: Database
    keyring: Keyring
    sims: Sims
    away: Away
    outbox: Outbox
    every_seconds: int = 60

    def sweep(self, now: datetime) -> str:
        """Report what is lost, and send the next one; what became of it, for people."""
        for lost, notices in canaries.lose(self.db, now - LOST_AFTER, self.outbox.channels, now):
            log.warning("canary_lost", from_sim=lost.from_sim, to_sim=lost.to_sim)
            self.outbox.send(notices)
        pairs = self._pairs()
        if not pairs:
            return "fewer than two SIMs have a number: no canary"
        at_work = [pair for pair in self._in_turn(pairs) if pair[0].works_at(now)]
        if not at_work:
            return "no SIM works at this time: no canary"
        sender, to = at_work[0]
        slot = int(now.timestamp()) // self.every_seconds * self.every_seconds
        if not canaries.reserve(self.db, slot, sender.name, to.name):
            return "somebody else sends the canary of this time"
        failure: str | None = "an error of our own, which the log names"
        with isolated("canary", sim=sender.name):
            failure = self._send(sender, to, now)
        if failure is None:
            return f"a canary from {sender.name} to {to.name}"
        told = canaries.fail_turn(self.db, slot, failure, self.outbox.channels, now)
        if told is not None:
            log.warning("canary_failed", from_sim=sender.name, to_sim=to.name, reason=failure)
            self.outbox.send(told)
        return f"no canary from {sender.name}: {failure}"

    def arrive(self, reply: Reply, now: datetime) -> bool:
        """Whether an SMS that came in is from one of our SIMs: then it is no reply, and may be a canary."""
        sender = next(
            (sim for sim in self.sims.all if sim.number and can_stand_for(reply.number, sim.number)), None
        )
        if sender is None:
            return False
        match = _ARRIVED.fullmatch(reply.text)
        told = canaries.arrive(self.db, match[1], sender.name, self.outbox.channels, now) if match else None
        if match and told is not None:
            log.info("canary_arrived", canary=match[1], from_sim=sender.name)
            self.outbox.send(told)
        return True

    def _pairs(self) -> list[tuple[Sim, Sim]]:
        """Each SIM that has a number to write to: with the next one that it may send to."""
        known = [(sim, sim.number) for sim in self.sims.all if sim.number]
        pairs = []
        for at, (sender, _) in enumerate(known):
            others = known[at + 1 :] + known[:at]
            to = next((sim for sim, number in others if sender.serves(country_of(number))), None)
            if to is not None:
                pairs.append((sender, to))
        return pairs

    def _in_turn(self, pairs: list[tuple[Sim, Sim]]) -> list[tuple[Sim, Sim]]:
        """The pairs from the one after the SIM that had the last turn, whatever became of that."""
        last = canaries.newest_sender(self.db)
        names = [sender.name for sender, _ in pairs]
        at = names.index(last) + 1 if last in names else 0
        return pairs[at:] + pairs[:at]

    def _send(self, sender: Sim, to: Sim, now: datetime) -> str | None:
        """Why it certainly was not sent; None if it was, or may have been."""
        number = to.number or ""
        why_not = obstacle(sender, number, now, self.away)
        if why_not is not None:
            return why_not
        turn = reserve(self.db, sender, self.keyring.number_hash(number), now)
        if isinstance(turn, str):
            return turn
        canary = str(ULID.from_datetime(now))
        canaries.insert_canary(self.db, canary, sender.name, to.name, now)
        life = LOST_AFTER.total_seconds()
        message = Message(
            number, _TEXT.format(canary), canary, None, life, TIMEOUT_SECONDS, sender.number, sender.slot
        )
        outcome = hand_over(self.sims.gateway_of(sender), message)
        if outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            return None
        release(self.db, turn)
        canaries.forget_canary(self.db, canary)
        return outcome.reason
