"""The doors through which a run asks for SMS: a fixed share of each, and what its SMS must say."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle
from typing import Any, Final

from otp_worker.domain.payment import Payment

TEMPLATE: Final = "order"
TEMPLATE_TEXT: Final = "en={name}: your code for order {order} is {code}."
TEMPLATE_FIELD: Final = "order=8"
"""The app's template that is asked for by name, as ``otp-worker templates set`` takes it."""
PAYEES = ("Corner Shop", "Harbour Books", "Mill & Sons")
ANOTHER_PAYEE = "Somebody Else"
CURRENCY = "GBP"


class Door(StrEnum):
    """How an SMS is asked for."""

    CODE = "code"
    GIVEN = "code of the app's own"
    PAYMENT = "payment"
    TEMPLATE = "template with a field"
    MESSAGE = "message"
    NOTICE = "notice"


_MESSAGES = frozenset({Door.MESSAGE, Door.NOTICE})


@dataclass(frozen=True, slots=True)
class Wish:
    """What an SMS is asked for with: ``fields`` stand in the request's body beside the number."""

    door: Door = Door.CODE
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_message(self) -> bool:
        """Whether the app gives the whole text: such an SMS has no check."""
        return self.door in _MESSAGES

    @property
    def payment(self) -> dict[str, str]:
        """What a check must repeat; empty where the code is for no payment."""
        return dict(self.fields) if self.door is Door.PAYMENT else {}

    @property
    def link(self) -> str:
        """What the code's hash covers beside the code."""
        return Payment.parse(**self.payment).link if self.payment else ""

    def is_said_by(self, text: str) -> bool:
        """Whether an SMS says what it must: a message its text, and a code all that it was asked for with."""
        if self.is_message:
            return bool(text == self.fields["text"])
        return all(each in text for each in self._parts)

    @property
    def _parts(self) -> tuple[str, ...]:
        if self.door is Door.PAYMENT:
            return self.fields["amount"], self.fields["payee"]
        if self.door is Door.GIVEN:
            return (self.fields["code"],)
        return tuple(self.fields["fields"].values()) if self.door is Door.TEMPLATE else ()


PLAIN = Wish()
Wishes = Sequence[tuple[str, Wish]]
"""Numbers, each with what is wished for it."""

Errands = Sequence[tuple[Door, ...]]
_ONE_OF_EACH: Errands = [(door,) for door in Door]
_BATCH = (Door.MESSAGE,) * 6 + (Door.NOTICE,)
SHARES: Errands = (
    *_ONE_OF_EACH,
    _BATCH,
    *[(Door.CODE,)] * 17,
    *[(Door.GIVEN,), (Door.PAYMENT,)] * 6,
    *[(Door.TEMPLATE,)] * 5,
    *[(Door.MESSAGE,)] * 3,
)
"""What is asked for with 50 numbers, the first of each door at the beginning.

There are few notices: of those a SIM sends two a second at most, and fewer while codes wait.
"""


def shapes(numbers: int) -> Iterator[tuple[Door, ...]]:
    """The errands of so many numbers; those of more than one are batches."""
    for doors in cycle(SHARES):
        if numbers <= 0:
            return
        yield doors[:numbers]
        numbers -= len(doors)


def draw_wish(door: Door, chance: random.Random, notice_seconds: int) -> Wish:
    """A wish for an SMS by this door; a notice may wait for ``notice_seconds``."""
    digits = f"{chance.randrange(1_000_000):06d}"
    if door is Door.GIVEN:
        return Wish(door, {"code": digits})
    if door is Door.PAYMENT:
        amount = f"{chance.randrange(1, 999)}.{chance.randrange(100):02d}"
        return Wish(door, {"amount": amount, "currency": CURRENCY, "payee": chance.choice(PAYEES)})
    if door is Door.TEMPLATE:
        return Wish(door, {"template": TEMPLATE, "fields": {"order": f"A-{digits[:3]}"}})
    if door is Door.MESSAGE:
        return Wish(door, {"text": f"Shop: {digits} lets you in.\nTell nobody."})
    if door is Door.NOTICE:
        text = f"Order {digits} comes today." + " Grüße, and thank you for shopping." * chance.randrange(7)
        return Wish(door, {"text": text, "priority": "notice", "expires_in_seconds": notice_seconds})
    return PLAIN
