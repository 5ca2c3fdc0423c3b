"""The load: requests spread over the run's time, some of them followed by a resend or a cancel."""

import random
from dataclasses import dataclass
from threading import Lock

from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.doors import Wishes, draw_wish, shapes
from otp_worker.devtools.chaos.records import Request
from otp_worker.devtools.simulator.schedule import Schedule

AGAIN_SECONDS = 1.0
MAX_TRIES = 60
FOLLOW_UP_SHARE = 0.03
CANCEL_WITHIN_SECONDS = 2.0
RESEND_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One request of an app: when, what is wished for which numbers, and what follows ``later_seconds`` on.

    Of several wishes each is a message, and they are made as a batch.
    """

    at_seconds: float
    wishes: Wishes
    follow_up: str | None
    later_seconds: float


def plan_errands(seed: int, requests: int, seconds: float, notice_seconds: int) -> list[Errand]:
    """Errands for so many SMS to different numbers, through every door, spread over the time."""
    chance = random.Random(f"{seed} load")  # nosec B311 # noqa: S311 - a plan must be repeatable, not secret
    numbers = iter(chance.sample(range(1_000_000), requests))
    errands = []
    for doors in shapes(requests):
        wishes = [(f"+447400{next(numbers):06d}", draw_wish(each, chance, notice_seconds)) for each in doors]
        errands.append(Errand(chance.uniform(0, seconds), wishes, *_follow_up(wishes, chance)))
    return errands


def _follow_up(wishes: Wishes, chance: random.Random) -> tuple[str | None, float]:
    draw = chance.random()
    if len(wishes) > 1:
        return None, 0.0
    if draw < FOLLOW_UP_SHARE:
        return "cancel", chance.uniform(0, CANCEL_WITHIN_SECONDS)
    if draw < 2 * FOLLOW_UP_SHARE and not wishes[0][1].is_message:
        return "resend", RESEND_AFTER_SECONDS
    return None, 0.0


class Load:
    """Runs errands on threads of its own. An app that gets no answer asks again, as apps do."""

    def __init__(self, client: Client, errands: list[Errand]) -> None:
        self._client = client
        self._errands = errands
        self._schedule = Schedule()
        self._left = len(errands)
        self._counting = Lock()

    @property
    def done(self) -> bool:
        """Whether every errand is run, its follow-up too."""
        return self._left == 0

    def start(self) -> None:
        """Begin; returns at once."""
        self._schedule.start()
        for errand in self._errands:
            self._after(errand.at_seconds, errand, 1)

    def stop(self) -> None:
        """End it, finished or not."""
        self._schedule.stop()

    def _after(self, seconds: float, errand: Errand, tries: int) -> None:
        self._schedule.after(seconds, lambda: self._send(errand, tries))

    def _send(self, errand: Errand, tries: int) -> None:
        requests = self._ask(errand)
        if any(each.verification_id is None and each.refused is None for each in requests):
            if tries < MAX_TRIES:
                self._after(AGAIN_SECONDS, errand, tries + 1)
            else:
                self._finish()
        elif errand.follow_up is None or requests[0].verification_id is None:
            self._finish()
        else:
            what, verification_id = errand.follow_up, requests[0].verification_id
            self._schedule.after(errand.later_seconds, lambda: self._follow(what, verification_id))

    def _ask(self, errand: Errand) -> list[Request]:
        if len(errand.wishes) > 1:
            return self._client.send_batch(errand.wishes)
        number, wish = errand.wishes[0]
        return [self._client.send(number, wish=wish)]

    def _follow(self, what: str, verification_id: str) -> None:
        self._client.ask(what, verification_id)
        self._finish()

    def _finish(self) -> None:
        with self._counting:
            self._left -= 1
