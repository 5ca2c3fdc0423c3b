"""Version 0.1.0 and this one side by side: each process is replaced alone, under load, there and back."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.stack import READY_SECONDS, Stack, answers, planned_stack
from otp_worker.devtools.simulator import Simulator
from otp_worker.store.database import Database
from tests.acceptance.crowd import Crowd, RoundRobin, long_code_in
from tests.acceptance.shop import eventually
from tests.acceptance.versions import COPIES, Version, earlier_version, this_version

pytestmark = pytest.mark.nightly

EARLIER = "843c83d6c7ad782ac14eb9098b722fd645296de4"
"""Version 0.1.0."""

WEBS = ("web.1", "web.2")
WORKERS_FIRST = ("worker.1", "worker.2", "upkeep", "beat", *WEBS)
WEBS_FIRST = (*WEBS, "beat", "upkeep", "worker.1", "worker.2")
SETTINGS = {"OTP_CODE_LENGTH": "10", "OTP_RESEND_AFTER_SECONDS": "0"}
MET = 25
"""So many people are served by each mixture of versions before the next process is replaced."""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """The version before, with its own lock's packages."""
    return earlier_version(EARLIER, tmp_path_factory.mktemp("earlier"))


@dataclass(frozen=True)
class Site:
    """One database, one broker and one phone; each process is of whichever version it was started with."""

    stack: Stack
    ports: dict[str, int]

    def start(self, name: str, version: Version) -> None:
        """Start one process of a version, and wait for a web until it says that it is ready."""
        settings = {**self.stack.settings, **version.environment}
        if name in self.ports:
            settings["PORT"] = str(self.ports[name])
        self.stack.fleet.start(name, version.command(name), settings)
        if name in self.ports:
            ready = f"http://{LOOPBACK}:{self.ports[name]}/readyz"
            self.stack.fleet.await_ready(name, lambda: answers(ready), READY_SECONDS)

    def replace(self, name: str, version: Version) -> None:
        """Stop one process as an operator does, and start it again as another version."""
        self.stack.stop(name)
        self.start(name, version)

    def is_ready(self) -> bool:
        """Whether each web says so, whatever version it and the others are of."""
        return all(answers(f"http://{LOOPBACK}:{port}/readyz") for port in self.ports.values())

    def statuses(self) -> list[str]:
        """The status of every verification."""
        url = self.stack.settings["OTP_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
        with closing(Database(url)) as database, database.read() as connection:
            return list(connection.execute(text("SELECT status FROM verifications")).scalars())


@contextmanager
def running_site(folder: Path, database_url: str, version: Version) -> Iterator[Site]:
    """A whole service of one version; its phone's receipts go to the web that is replaced last."""
    with planned_stack(folder, database_url, settings=SETTINGS, copies={**COPIES, "console": 0}) as stack:
        stack.phone.knobs.set(receipts=["delivered"])
        site = Site(stack, {"web.1": free_ports(None)[0], "web.2": int(stack.settings["PORT"])})
        stack.broker.start()
        version.run(stack.settings, "migrate")
        stack.api_key = version.run(stack.settings, "keys", "create", "--name", "shop").strip()
        for name in WORKERS_FIRST:
            site.start(name, version)
        yield site


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/otp.db"
    url: str = request.getfixturevalue("postgres").create_database(f"upgrade_{abs(hash(tmp_path))}")
    return url


@pytest.mark.parametrize("order", [WORKERS_FIRST, WEBS_FIRST], ids=["workers first", "webs first"])
def test_an_upgrade_and_the_way_back_lose_nothing_while_codes_are_asked_for(
    earlier: Version, database_url: str, tmp_path: Path, order: tuple[str, ...]
) -> None:
    with running_site(tmp_path, database_url, earlier) as site:
        webs = RoundRobin([site.ports[name] for name in WEBS], site.stack.api_key)
        phone = site.stack.phone
        with Crowd(webs, phone) as crowd:
            _serve(crowd)
            this_version().run(site.stack.settings, "migrate")
            assert site.is_ready()
            _serve(crowd)
            for version in (this_version(), earlier):
                for name in order:
                    # Its answer is lost once the SMS is taken: who tries again may be of the other version.
                    phone.knobs.set(lose_reply=True, next=2)
                    with webs.without(site.ports[name]) if name in WEBS else nullcontext():
                        site.replace(name, version)
                    _serve(crowd)
                    assert site.is_ready()
        assert webs.dropped == []
        assert set(webs.answered) == set(site.ports.values())
        assert site.statuses() == ["approved"] * len(crowd.served)
        assert _numbers_with_two_codes(phone) == []
        assert _answers_to_receipts(phone) <= {204, None}


def _serve(crowd: Crowd) -> None:
    """Wait until more people are served."""
    enough = len(crowd.served) + MET

    def served() -> bool:
        crowd.raise_failure()
        return len(crowd.served) >= enough

    eventually(served, 60)


def _numbers_with_two_codes(phone: Simulator) -> list[str]:
    codes: dict[str, set[str]] = {}
    for message in phone.messages:
        codes.setdefault(message.to, set()).add(long_code_in(message))
    return [number for number, different in codes.items() if len(different) > 1]


def _answers_to_receipts(phone: Simulator) -> set[int | None]:
    """What the web said to each receipt; None where it was being replaced all the while."""
    return {receipt.answered for message in phone.messages for receipt in message.receipts}
