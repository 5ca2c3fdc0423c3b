"""What every gateway's profile is to the simulator: how its API answers, and what it posts to the app."""

import dataclasses
from collections.abc import Callable
from typing import Protocol

from ..exchange import Answer, Manner, Request, ValidationError, invalid_answer
from ..knobs import Knobs
from ..phone import Phone, Voice

HUGE_BYTES = 64 * 1024 * 1024


class Profile(Voice, Protocol):
    """One vendor's API for one phone and one key; guesses are marked where they are made.

    `base` is the path of the API's base; `tells_of_phone` what it tells of its phone: `battery` and `seen`.
    """

    base: str
    tells_of_phone: frozenset[str]

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with how it is to leave."""


class OnePhone:
    """What most profiles are made of: one phone, one key, and the secret of what is posted to the app."""

    def __init__(self, phone: Phone, knobs: Knobs, key: str, secret: str | None) -> None:
        self._phone = phone
        self._knobs = knobs
        self._key = key.encode()
        self._secret = secret


def answer_send(
    knobs: Knobs,
    hindered: Callable[[Knobs], Answer | None],
    take: Callable[[Knobs], Answer],
    refuse: Callable[[ValidationError], Answer] = invalid_answer,
) -> Answer:
    """A send's answer under the knobs as they stand for it.

    `hindered` answers what the vendor says before it looks at the message, `take` takes the message and
    answers in the vendor's words, `refuse` words what is wrong with it where `take` raises ValidationError.
    """
    standing = knobs.for_request()
    answer = _in_the_way(standing) or hindered(standing)
    if answer is None:
        try:
            answer = take(standing)
        except ValidationError as invalid:
            answer = refuse(invalid)
        if 200 <= answer.status < 300:
            answer = _leaving(answer, standing)
    return dataclasses.replace(answer, after_seconds=standing.slow_seconds)


def _in_the_way(knobs: Knobs) -> Answer | None:
    """What any server may answer in a vendor's place; the bare 5xx pages are guesses."""
    if knobs.redirect is not None:
        return Answer(302, headers={"Location": knobs.redirect})
    if knobs.error_status is not None:
        page = f"<html><body><h1>{knobs.error_status}</h1></body></html>"
        return Answer(knobs.error_status, page.encode(), {"Content-Type": "text/html"})
    return None


def _leaving(answer: Answer, knobs: Knobs) -> Answer:
    """The answer to a message that was taken, as the knobs let it leave."""
    if knobs.malformed:
        answer = dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2] + b"\xff")
    if knobs.oversized:
        answer = dataclasses.replace(answer, padding=HUGE_BYTES)
    return dataclasses.replace(answer, manner=_manner(knobs), byte_seconds=knobs.drip_seconds)


def _manner(knobs: Knobs) -> Manner:
    if knobs.lose_reply:
        return Manner.LOST
    if knobs.hang:
        return Manner.HUNG
    return Manner.DRIPPED if knobs.drip else Manner.WHOLE
