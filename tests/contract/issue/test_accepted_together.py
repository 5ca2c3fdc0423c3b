"""Sends that are asked for at the same moment are counted, written and published in one go."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from otp_worker.domain.app import App
from otp_worker.domain.errors import OptedOutError, RateLimitExceededError
from otp_worker.domain.limits import Limit, Remaining, parse_rates
from otp_worker.issue.request import SendRequest
from otp_worker.store import issue, lockouts, opt_outs
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import NewSend, SendPreconditions
from otp_worker.store.new_delivery import NewDelivery
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import NUMBER, SHOP, Service

SECONDS = 10
NUMBERS = [f"+4474001234{last:02}" for last in range(10)]


@pytest.fixture
def service(db: Database) -> Service:
    """One SMS a minute to a number, and the database counts."""
    return Service(db, limits={Limit.NUMBER: parse_rates("1/m,5/h"), Limit.KEY: parse_rates("9/h")})


def sends(service: Service, numbers: Sequence[str], app: App = SHOP) -> list[NewSend]:
    """What issue would write for these numbers, with the numbers' own limits to pass yet."""
    made = []
    now = service.clock()
    for number in numbers:
        new = service.issuer.drafts.verification(SendRequest(number), app, now)
        first: NewDelivery = service.issuer.drafts.delivery(new.id, 1, new.country, now)
        guard = service.issuer.drafts.guard(issue.Recipient(new.identity, new.country, None), app, None)
        own = [scope for scope in guard.scopes if scope.limit is Limit.NUMBER]
        made.append(NewSend(new, first, replace(guard, scopes=own), instead=True))
    return made


def written(service: Service) -> tuple[set[str], set[str]]:
    """The ids of verifications, and those that deliveries belong to."""
    with service.db.read() as connection:
        return (
            set(connection.execute(select(verifications.c.id)).scalars()),
            set(connection.execute(select(deliveries.c.verification_id)).scalars()),
        )


def kinds(answers: Sequence[issue.Answer]) -> list[str]:
    return [type(answer).__name__ if isinstance(answer, Exception) else "written" for answer in answers]


def test_of_a_group_each_is_judged_by_itself_and_the_admitted_are_written(service: Service) -> None:
    service.issue(NUMBERS[1])
    hashes = service.keyring.number_hashes
    with service.db.write() as connection:
        opt_outs.stop(connection, hashes(NUMBERS[2]), "+44", service.clock(), service.clock())
        lockouts.lock_reported(
            connection, hashes(NUMBERS[3])[0], service.clock.now.replace(year=2030), service.clock()
        )
    before, _ = written(service)
    group = sends(service, NUMBERS[:5])
    answers = issue.insert_verifications(service.db, group)
    assert kinds(answers) == [
        "written",
        "RateLimitExceededError",
        "OptedOutError",
        "NumberReportedError",
        "written",
    ]
    assert answers[0] == [Remaining(Limit.NUMBER, 60, 0), Remaining(Limit.NUMBER, 3600, 4)]
    refused = answers[1]
    assert isinstance(refused, RateLimitExceededError)
    assert (refused.retry_at - service.clock()).total_seconds() == 60
    ids = before | {group[0].new.id, group[4].new.id}
    assert written(service) == (ids, ids)


def test_of_two_to_one_number_the_second_finds_the_first(service: Service) -> None:
    answers = issue.insert_verifications(service.db, sends(service, [NUMBER, NUMBERS[0], NUMBER]))
    assert kinds(answers) == ["written", "written", "RateLimitExceededError"]
    assert len(written(service)[0]) == 2


def test_a_number_under_an_older_root_secret_is_the_same_number(service: Service) -> None:
    service.issue(NUMBERS[1])
    group = sends(service, NUMBERS[:2])
    newest = b"n" * 32
    [scope] = group[1].guard.scopes
    scope = replace(scope, key="number:new", values=(newest, *scope.values))
    group[1] = replace(group[1], guard=SendPreconditions([scope]))
    assert kinds(issue.insert_verifications(service.db, group)) == ["written", "RateLimitExceededError"]


def test_a_repeated_request_and_one_that_all_limits_judge_are_written_apart_and_right(
    service: Service,
) -> None:
    group = sends(service, NUMBERS[:4])
    once = IdempotencyKey("shop", [b"k" * 32], [b"r" * 32])
    group[0] = replace(group[0], guard=replace(group[0].guard, once=once))
    group[1] = replace(group[1], guard=replace(group[1].guard, once=once))
    every = service.issuer.drafts.guard(issue.Recipient(NUMBERS[2], "GB", None), SHOP, None)
    group[2] = replace(group[2], guard=every)
    answers = issue.insert_verifications(service.db, group)
    assert kinds(answers) == ["written", "RequestInFlightError", "written", "written"]
    assert isinstance(answers[2], list)
    # It was judged when those of the group that need less were written.
    assert Remaining(Limit.KEY, 3600, 6) in answers[2]


def test_a_group_that_cannot_be_written_leaves_nothing(service: Service) -> None:
    group = sends(service, NUMBERS[:3])
    broken = replace(group[2], new=replace(group[2].new, id=group[0].new.id))
    with pytest.raises(Exception, match=r"(?i)unique"):
        issue.insert_verifications(service.db, [group[0], group[1], broken])
    assert written(service) == (set(), set())


class Crowd:
    """The first publish waits until everybody else has asked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._is_busy = threading.Event()
        self._may_go_on = threading.Event()
        self.published: list[list[str]] = []
        service.issuer.writer.publish = self._publish

    def ask(self, numbers: Sequence[str]) -> list[str | type[BaseException]]:
        """The id of each, or what was raised for it: the first is asked for before all the others."""
        with ThreadPoolExecutor(len(numbers)) as threads:
            asked = [threads.submit(self._service.issue, numbers[0])]
            assert self._is_busy.wait(SECONDS)
            asked += [threads.submit(self._service.issue, number) for number in numbers[1:]]
            deadline = time.monotonic() + SECONDS
            while len(self._service.issuer.writer._together._wishes) < len(numbers) - 1:
                assert time.monotonic() < deadline
                time.sleep(0)
            self._may_go_on.set()
            errors = [each.exception(SECONDS) for each in asked]
            return [
                type(error) if error else each.result().id for each, error in zip(asked, errors, strict=True)
            ]

    def _publish(self, delivery_ids: Sequence[str]) -> bool:
        self.published.append(sorted(delivery_ids))
        if len(self.published) == 1:
            self._is_busy.set()
            assert self._may_go_on.wait(SECONDS)
        return self._service.publish(delivery_ids)


def test_a_crowd_shares_transactions_and_publishes(service: Service) -> None:
    crowd = Crowd(service)
    first, *others = crowd.ask(NUMBERS[:8])
    assert crowd.published == [[f"{first}.1"], sorted(f"{other}.1" for other in others)]


def test_what_a_crowd_wrote_and_could_not_publish_is_left_to_the_sweep(service: Service) -> None:
    service.broker_is_away = True
    ids = Crowd(service).ask(NUMBERS[:5])
    with service.db.read() as connection:
        waiting = select(func.count()).where(
            deliveries.c.verification_id.in_(ids), deliveries.c.published_at.is_(None)
        )
        assert connection.execute(waiting).scalar_one() == 5


def test_in_a_crowd_each_is_told_what_became_of_its_own(service: Service) -> None:
    service.issue(NUMBERS[1])
    with service.db.write() as connection:
        opt_outs.stop(
            connection, service.keyring.number_hashes(NUMBERS[2]), "+44", service.clock(), service.clock()
        )
    crowd = Crowd(service)
    told = crowd.ask([NUMBERS[0], NUMBERS[1], NUMBERS[2], NUMBERS[3]])
    assert told[1:3] == [RateLimitExceededError, OptedOutError]
    assert crowd.published == [[f"{told[0]}.1"], [f"{told[3]}.1"]]
