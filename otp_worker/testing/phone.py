"""The phone in a test: read what came, write back, and let things go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from otp_worker.devtools.simulator import Message, Simulator
from otp_worker.devtools.simulator.checks import code_in
from otp_worker.devtools.simulator.messages import digits

WITHIN_SECONDS = 30.0
"""Longer than an attempt that nobody answers, and the pause after it."""


class NoCodeError(AssertionError):
    """The SMS that came has no code in it."""


@dataclass(frozen=True)
class Fault:
    """A fault that stands from the moment it was made; at the end of a ``with`` block all is well again."""

    phone: "Phone"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.phone.all_clear()


class Phone:
    """A simulated phone. Each SMS is read once: the next wait for a number waits for another one.

    A fault lasts until the test ends or ``all_clear``; ``seconds``, or ``next``, a number of SMS, ends it
    sooner. One stands at a time.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._read: set[str] = set()

    @property
    def url(self) -> str:
        """Its page, for a look while a test waits."""
        return f"{self._simulator.origin}/"

    def wait_for_code(self, number: str, within_seconds: float = WITHIN_SECONDS) -> str:
        """The code in the newest SMS to a number that was not read yet, as soon as there is one.

        Raises TimeoutError when none comes, and NoCodeError for an SMS without a code.
        """
        text = self.wait_for_sms(number, within_seconds)
        code = code_in(text)
        if code is None:
            raise NoCodeError(f"there is no code in {text!r}")
        return code

    def wait_for_sms(self, number: str, within_seconds: float = WITHIN_SECONDS) -> str:
        """The text of the newest SMS to a number that was not read yet. Raises TimeoutError."""
        wanted = digits(number)
        found = self._simulator.messages.wait_for(
            lambda message: digits(message.to) == wanted and self._is_unread(message), within_seconds
        )
        self._read |= {message.id for message in self._sent(number)}
        return found.text

    def texts(self, number: str) -> list[str]:
        """Every SMS that was sent to a number in this test, oldest first; this reads none."""
        return [message.text for message in self._sent(number)]

    def reply(self, number: str, text: str) -> None:
        """Let a person write, such as STOP."""
        self._simulator.reply(number, text)

    def forget(self) -> None:
        """Empty the phone."""
        self._simulator.messages.clear()
        self._read.clear()

    def all_clear(self) -> None:
        """No fault, and every knob at its default."""
        self._simulator.scenarios.clear()

    def fault(
        self, name: str, seconds: float | None = None, next: int | None = None, **knobs: object
    ) -> Fault:
        """Any fault by its name in the simulator's README. Raises ValidationError with what is wrong."""
        limits: Mapping[str, object] = {"seconds": seconds, "next": next}
        endless = {"until_cleared": True} if seconds is None and next is None else {}
        self._simulator.scenarios.start({"name": name, "knobs": knobs, **limits, **endless})
        return Fault(self)

    def offline(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The gateway says that no phone is online."""
        return self.fault("offline", seconds, next)

    def silent(self, *, seconds: float | None = None) -> Fault:
        """Everything is taken, and nothing leaves the phone until it is back."""
        return self.fault("silent", seconds)

    def battery(self, percent: int = 10, *, seconds: float | None = None) -> Fault:
        """The battery is low, where the gateway tells it."""
        return self.fault("battery", seconds, battery_percent=percent)

    def slow(self, wait: float = 2.0, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """Each answer waits so many seconds."""
        return self.fault("slow", seconds, next, slow_seconds=wait)

    def lose_answer(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The SMS is taken, and the connection closes unanswered."""
        return self.fault("lose_answer", seconds, next)

    def hang(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The SMS is taken, and no answer comes."""
        return self.fault("hang", seconds, next)

    def drip(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The answer comes byte by byte."""
        return self.fault("drip", seconds, next)

    def malformed(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The SMS is taken, and nobody can read the answer."""
        return self.fault("malformed", seconds, next)

    def refuse(self, *numbers: str, seconds: float | None = None, next: int | None = None) -> Fault:
        """These numbers are not taken; without any, none is."""
        return self.fault("refuse", seconds, next, refuse=list(numbers) or ["*"])

    def throttle(
        self, retry_after_seconds: int = 5, *, seconds: float | None = None, next: int | None = None
    ) -> Fault:
        """Too many requests, with Retry-After."""
        return self.fault("throttle", seconds, next, retry_after_seconds=retry_after_seconds)

    def server_error(
        self, status: int = 500, *, seconds: float | None = None, next: int | None = None
    ) -> Fault:
        """A bare 5xx."""
        return self.fault("server_error", seconds, next, error_status=status)

    def undelivered(self, *, seconds: float | None = None, next: int | None = None) -> Fault:
        """The receipts say sent, then failed."""
        return self.fault("undelivered", seconds, next)

    def late_receipt(
        self, delay: float = 30.0, *, seconds: float | None = None, next: int | None = None
    ) -> Fault:
        """The receipts come so many seconds after the SMS."""
        return self.fault("late_receipt", seconds, next, receipt_delay_seconds=delay)

    def _is_unread(self, message: Message) -> bool:
        return message.sent_at is not None and message.id not in self._read

    def _sent(self, number: str) -> list[Message]:
        return [message for message in self._simulator.messages.select(number) if message.sent_at]
