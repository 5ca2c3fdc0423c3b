"""Equal sends at the same moment, as two processes of the intake take them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest
from redis import Redis

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.issue import writer
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.request import SendRequest
from otp_worker.issue.writer import SendWriter
from otp_worker.store import issue as statements
from otp_worker.store.database import Database
from tests.contract.service import NUMBER, SHOP, Service


def in_another_process(service: Service) -> Issuer:
    """An issuer that shares no transaction with the service's own."""
    own = service.issuer.writer
    return replace(service.issuer, writer=SendWriter(own.db, own.limiter, own.publish, own.announce))


class Writing:
    """The first send is counted, and written only after another one has been refused because of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counted, self.go_on = Event(), Event()
        self._insert, self._look = statements.insert_verifications, statements.find_refused
        self._looks = 0
        monkeypatch.setattr(statements, "insert_verifications", self._hold)
        monkeypatch.setattr(statements, "find_refused", self._note)

    def _hold(self, db: Database, sends: Sequence[Any]) -> Any:
        if not self.counted.is_set():
            self.counted.set()
            assert self.go_on.wait(10)
        return self._insert(db, sends)

    def _note(self, db: Database, sends: Sequence[Any]) -> Any:
        # One look each before they are counted; whoever looks again has been refused.
        self._looks += 1
        if self._looks > 2:
            self.go_on.set()
        return self._look(db, sends)


def test_a_send_that_another_process_is_writing_is_repeated_and_not_refused(
    db: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WRITTEN_SECONDS", 10)
    service = Service(db, limits={Limit.NUMBER: parse_rates("1/30s")}, redis=redis)
    writing = Writing(monkeypatch)
    now = service.clock()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(service.issuer.issue, SendRequest(NUMBER), SHOP, now)
        assert writing.counted.wait(10)
        second = threads.submit(in_another_process(service).issue, SendRequest(NUMBER), SHOP, now)
        try:
            again = second.result(20)
        finally:
            writing.go_on.set()
        assert again.verification.id == first.result(20).verification.id


@pytest.mark.parametrize("passed", [writer.WRITTEN_SECONDS, -5])
def test_a_number_that_was_filled_a_while_ago_by_any_clock_is_refused_at_once(
    db: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch, passed: float
) -> None:
    service = Service(db, limits={Limit.NUMBER: parse_rates("1/30s")}, redis=redis)
    service.issue()
    service.clock.move(passed)
    look = Mock(side_effect=statements.find_refused)
    monkeypatch.setattr(statements, "find_refused", look)
    with pytest.raises(RateLimitExceededError):
        service.issuer.issue(SendRequest(NUMBER, user="another"), SHOP, service.clock())
    assert look.call_count == 1
