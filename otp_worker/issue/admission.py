"""Admitting sends: each is counted in Redis, then written if the database admits it too, and else given back.

The database counts, in the send's own transaction, what Redis alone may not be trusted with: each number
always, so that no loss of Redis's memory lets anybody flood it, and everything where Redis is away.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ulid import ULID

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Remaining
from otp_worker.protection.limit_script import Hit
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.store.issue import Answer, SendPreconditions


def admit(
    limiter: RedisLimiter,
    guards: Mapping[str, SendPreconditions],
    now: datetime,
    write: Callable[[Mapping[str, SendPreconditions], Mapping[str, Answer]], Mapping[str, Answer]],
) -> dict[str, Answer]:
    """Admit sends by their names; ``write`` is given those that Redis admits, with what they must pass yet.

    It is told of the others too, which are refused.
    Raises what ``write`` raises, and then nothing is counted.
    """
    # A name is a use's own, whatever a send is called: what is given back may be no other's.
    uses = {name: Hit(str(ULID()), _shared(guard), now) for name, guard in guards.items()}
    answers: dict[str, Answer] = {}
    shared: dict[str, list[Remaining]] = {}
    yet_to_pass: dict[str, SendPreconditions] = {}
    counted: dict[str, Hit] = {}
    for name, taken in zip(guards, limiter.take_all(list(uses.values())), strict=True):
        if isinstance(taken, RateLimitExceededError):
            answers[name] = taken
            continue
        shared[name], yet_to_pass[name] = _left_to_the_database(guards[name], taken)
        if taken is not None:
            counted[name] = uses[name]
    try:
        written = write(yet_to_pass, dict(answers)) if yet_to_pass else {}
    except BaseException:
        limiter.release(list(counted.values()))
        raise
    for name, answer in written.items():
        answers[name] = answer if isinstance(answer, Exception) else shared[name] + answer
    limiter.release([use for name, use in counted.items() if isinstance(answers[name], Exception)])
    return answers


def _shared(guard: SendPreconditions) -> list[LimitKey]:
    """What of a send's limits Redis counts."""
    # A request that comes twice at once is known by its key, in the transaction, and must get there:
    # it is not to be told that the number's limit is reached, by itself.
    return [scope for scope in guard.scopes if guard.once is None or scope.limit is not Limit.NUMBER]


def _left_to_the_database(
    guard: SendPreconditions, taken: list[Remaining] | None
) -> tuple[list[Remaining], SendPreconditions]:
    """What Redis leaves that the database will not say again, and what a send must pass there."""
    if taken is None:
        return [], guard
    number = [scope for scope in guard.scopes if scope.limit is Limit.NUMBER]
    shared = [left for left in taken if left.limit is not Limit.NUMBER]
    return shared, replace(guard, scopes=number, left=shared)
