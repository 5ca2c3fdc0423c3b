"""Where a test key's verifications go: taken at once, sent to nobody."""

from otp_worker.gateways.gateway import CallbackRequest, Message, Outcome, OutcomeKind, Receipt, Reply


class Rehearsal:
    """A gateway that takes every message and sends none."""

    name = "rehearsal"

    def send(self, message: Message) -> Outcome:
        """Take the message; no SMS leaves."""
        return Outcome(OutcomeKind.ACCEPTED, "taken by the rehearsal; no SMS is sent", message.reference)

    def probe(self) -> Outcome:
        """It always answers."""
        return Outcome(OutcomeKind.ACCEPTED, "the rehearsal always answers")

    def signature_is_good(self, request: CallbackRequest) -> bool | None:
        """Nobody signs for it."""
        return None

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """It never calls back."""
        return []
