"""Handing a message to a gateway, so that whatever its adapter raises is an outcome too."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind

log = structlog.get_logger()


@dataclass(slots=True)
class _Word:
    """Our own word on whether a message may leave, and what became of it."""

    may_leave: Callable[[], bool]
    was_given: bool = False
    failure: Exception | None = None

    def __call__(self) -> bool:
        try:
            self.was_given = self.may_leave()
        except Exception as error:
            self.failure = error
            raise
        return self.was_given


def hand_over(gateway: Gateway, message: Message) -> Outcome:
    """What came of it, an exception of the adapter included: before our word it sent nothing.

    What cannot be built is a text or a key that only the operator can mend. Raises what ``may_leave`` raises,
    and then nothing was handed over.
    """
    word = _Word(message.may_leave)
    try:
        return gateway.send(replace(message, may_leave=word))
    except Exception as error:
        if word.failure is not None:
            raise word.failure from None
        # Its words may quote the request, and with it the number and the text.
        name = type(error).__name__
    log.error("adapter_failed", gateway=gateway.name, delivery=message.reference, error=name)
    if word.was_given:
        return Outcome(OutcomeKind.UNCERTAIN, f"the gateway's adapter failed ({name})")
    return Outcome(OutcomeKind.MISCONFIGURED, f"the request cannot be built ({name})")
