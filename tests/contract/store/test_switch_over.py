"""The standby of Postgres takes the primary's place under load, and no send that was accepted is lost."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres_pair import PostgresPair
from otp_worker.domain import request_deadline
from otp_worker.domain.errors import OtpError
from otp_worker.store.database import Database
from otp_worker.store.database_url import parse_database_url
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema import verifications
from tests.contract.service import Service

THREADS = 6
EACH_TIME = 30
"""So many sends are accepted before the primary is lost, and so many after."""
PATIENCE_SECONDS = 60


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    # As root the servers run as another user, who must get in.
    with (
        TemporaryDirectory(prefix="otp-pair-") as name,
        Fleet(Path(name), cwd=Path(name), env=child_environment({})) as fleet,
    ):
        Path(name).chmod(0o755)
        servers = PostgresPair(fleet, Path(name))
        yield servers
        servers.stop()


class Load:
    """Sends without a pause from several threads; ``accepted`` is what was answered with an id."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ends = threading.Event()
        self.accepted: list[str] = []
        self.refused = 0

    def send(self, thread: int) -> None:
        number = 0
        while not self._ends.is_set():
            number += 1
            try:
                with request_deadline.of_a_request():
                    self.accepted.append(self._service.issue(f"+447{400 + thread:03d}{number:06d}").id)
            except (SQLAlchemyError, OtpError):
                self.refused += 1

    def end(self) -> None:
        self._ends.set()

    def await_accepted(self, more: int) -> None:
        """Wait until so many more were accepted."""
        wanted, deadline = len(self.accepted) + more, time.monotonic() + PATIENCE_SECONDS
        while len(self.accepted) < wanted:
            assert time.monotonic() < deadline, f"{len(self.accepted)} of {wanted} were accepted"
            time.sleep(0.02)


def test_a_switch_over_under_load_loses_no_send_that_was_accepted(pair: PostgresPair) -> None:
    with closing(Database(parse_database_url(pair.create_database("otp")), pool_size=THREADS)) as db:
        upgrade(db)
        load = Load(Service(db))
        with ThreadPoolExecutor(THREADS) as pool:
            sending = [pool.submit(load.send, thread) for thread in range(THREADS)]
            try:
                load.await_accepted(EACH_TIME)
                pair.switch_over()
                load.await_accepted(EACH_TIME)
            finally:
                load.end()
            for each in sending:
                each.result(PATIENCE_SECONDS)
        with db.read() as connection:
            kept = set(connection.execute(select(verifications.c.id)).scalars())
        assert set(load.accepted) - kept == set()
