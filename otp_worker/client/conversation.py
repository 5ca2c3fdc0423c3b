"""How a call goes, try by try, without any input or output: whoever runs it sends, waits and reports.

The synchronous and the asynchronous client share all of it, and a test can be its network and its clock.
"""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from otp_worker.client.answers import Answer, failure_of, retry_after_seconds, unexpected
from otp_worker.client.calls import Call
from otp_worker.client.errors import NoAnswerError, OtpClientError, TemporaryError, UnexpectedAnswerError

T = TypeVar("T")

_NOT_HANDED_ON = (429, 503)
"""What a proxy answers that gave the request to nobody."""
_ANSWER_LOST = (502, 504)
"""What a proxy answers that does not know what became of the request."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and for how long a call is tried.

    A try may take ``try_seconds``, half of it to connect, and the whole call, its pauses included,
    ``total_seconds``. The synchronous client gives an answer that drips the time of a try for each byte. A
    pause is drawn between zero and a bound that doubles from ``first_pause_seconds`` (full jitter), and comes
    on top of what ``Retry-After`` says. Answers for a person, such as "too soon", are raised at once.
    """

    tries: int = 4
    try_seconds: float = 5.0
    total_seconds: float = 15.0
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 4.0

    def __post_init__(self) -> None:
        if self.tries < 1 or self.try_seconds <= 0 or self.total_seconds <= 0:
            raise ValueError("a call needs at least one try, and time for it")


@dataclass(frozen=True, slots=True)
class Try:
    """One request to be sent, which may take ``seconds``."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, object] | None
    query: dict[str, str] | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Lost:
    """A try without an answer; ``sent`` says whether the request may have arrived."""

    why: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait that long, then try again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What the call returns."""

    value: T


@dataclass(slots=True)
class Conversation(Generic[T]):
    """One call from its first try to its end, by clocks and a chance that can be replaced."""

    call: Call[T]
    retry: Retry
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    request_id: str = field(default_factory=lambda: f"req_{uuid.uuid4().hex}")
    _tried: int = field(default=0, init=False)
    _sent: bool = field(default=False, init=False)
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.monotonic() + self.retry.total_seconds

    def next_try(self) -> Try:
        """What is to be sent now; every try of a call has the same keys."""
        self._tried += 1
        headers = {"Accept": "application/json", "X-Request-Id": self.request_id}
        if self.call.idempotency_key is not None:
            headers["Idempotency-Key"] = self.call.idempotency_key
        left = max(self._end - self.monotonic(), 0.001)
        seconds = min(self.retry.try_seconds, left)
        return Try(self.call.method, self.call.path, headers, self.call.body, self.call.query, seconds)

    def after(self, outcome: Answer | Lost) -> Pause | Done[T]:
        """What follows from a try. Raises OtpClientError where no other one does."""
        if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
            return Done(self._read(outcome))
        self._sent |= isinstance(outcome, Lost) and outcome.sent
        error = self._error(outcome)
        if self._tried >= self.retry.tries or not self._may_repeat(outcome, error):
            raise error
        pause = self._pause_seconds(outcome)
        if self.monotonic() + pause >= self._end:
            raise error
        return Pause(pause)

    def _read(self, answer: Answer) -> T:
        try:
            return self.call.read(answer)
        except ValueError:
            # Without its cause, which repeats what the answer holds.
            raise unexpected(answer, self.request_id) from None

    def _error(self, outcome: Answer | Lost) -> OtpClientError:
        if isinstance(outcome, Answer):
            return failure_of(outcome, self.request_id, self.now())
        return NoAnswerError(outcome.why, self.request_id, may_have_happened=self._sent)

    def _may_repeat(self, outcome: Answer | Lost, error: OtpClientError) -> bool:
        if isinstance(outcome, Lost):
            return self.call.repeatable or not outcome.sent
        if isinstance(error, UnexpectedAnswerError):
            return error.status in _NOT_HANDED_ON or (self.call.repeatable and error.status in _ANSWER_LOST)
        return isinstance(error, TemporaryError)

    def _pause_seconds(self, outcome: Answer | Lost) -> float:
        doubled = self.retry.first_pause_seconds * 2.0 ** (self._tried - 1)
        bound = min(doubled, self.retry.longest_pause_seconds)
        asked = retry_after_seconds(outcome, self.now()) if isinstance(outcome, Answer) else None
        return (asked or 0.0) + self.chance() * bound
