"""Where a test key's verifications go: to nobody. The number's last four digits choose what comes of them.

Of an address it is the last four before the @.
"""

from otp_worker.domain.gateway import Capabilities, Gateway, Message, Outcome, OutcomeKind

OFFLINE = "0001"
"""The phone is offline and stays so."""
REFUSED = "0002"
"""The gateway refuses the number."""
EXPIRED = "0003"
"""The code is sent, and over a second later."""

EXPIRED_LIFE_SECONDS = 1


def rehearsed(to: str) -> str:
    """The part of a number, or of an address, whose end chooses."""
    return to.partition("@")[0]


class Sandbox(Gateway):
    """A gateway that takes every message, but for those to the numbers above, and sends none."""

    name = "rehearsal"
    capabilities = Capabilities(dedupe=True)

    def send(self, message: Message) -> Outcome:
        """Take the message, or do as its number says; no SMS leaves."""
        if rehearsed(message.to).endswith(OFFLINE):
            return Outcome(OutcomeKind.UNAVAILABLE, "rehearsed: no paired phone is online")
        if rehearsed(message.to).endswith(REFUSED):
            return Outcome(OutcomeKind.REFUSED, "rehearsed: the gateway refused the number")
        return Outcome(OutcomeKind.ACCEPTED, "taken by the rehearsal; no SMS is sent", message.reference)

    def probe(self) -> Outcome:
        """It always answers."""
        return Outcome(OutcomeKind.ACCEPTED, "the rehearsal always answers")
