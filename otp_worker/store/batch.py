"""Statements of a batch: many sends of one request, in one transaction with the answer to all of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from otp_worker.domain.errors import RequestError
from otp_worker.store import idempotency_keys, limits
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import Answer, NewSend, write_alone, write_together

BATCH_TURN = "a batch"


def insert_batch(
    db: Database,
    sends: Sequence[NewSend],
    batch_id: str,
    once: IdempotencyKey | None,
    now: datetime,
    answer_to: Callable[[Mapping[str, Answer]], str],
) -> dict[str, Answer]:
    """Write what passes; for each of the sends, by its id, what the limits leave or why it is refused.

    What ``answer_to`` makes of that is kept with ``once`` in the same transaction: a batch that was written
    has its answer, whoever dies next. Raises RequestInFlightError.
    """
    with db.write() as connection:
        if once is not None:
            idempotency_keys.claim(connection, once, batch_id, now)
        # One batch at a time: each holds a lock for every number, and Postgres has a bounded number of locks.
        limits.take_turns(connection, {BATCH_TURN})
        limits.take_turns(connection, {turn for send in sends for turn in send.guard.turns})
        answers: dict[str, Answer] = {}
        for group in _groups(sends):
            answers |= zip((send.new.id for send in group), _write(connection, group), strict=True)
        if once is not None:
            idempotency_keys.keep_answer(connection, once, answer_to(answers))
    return answers


def _groups(sends: Sequence[NewSend]) -> Iterator[list[NewSend]]:
    """The sends in groups that are judged at once: different numbers, or one send that counts for more."""
    groups: list[list[NewSend]] = []
    sends_to: Counter[bytes] = Counter()
    for send in sends:
        if not send.guard.is_usual:
            yield [send]
            continue
        # The first to each number are a group, the second ones another.
        earlier = sends_to[send.new.number_hash]
        sends_to[send.new.number_hash] += 1
        if earlier == len(groups):
            groups.append([])
        groups[earlier].append(send)
    yield from groups


def _write(connection: Connection, group: Sequence[NewSend]) -> list[Answer]:
    if group[0].guard.is_usual:
        return write_together(connection, group)
    try:
        return [write_alone(connection, group[0])]
    except RequestError as refusal:
        # It is refused before anything of it is written.
        return [refusal]
