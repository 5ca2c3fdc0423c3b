"""An adapter under test: its vendor simulated, and what it must say for itself."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import CallbackRequest, Gateway, Message, Outcome, OutcomeKind
from otp_worker.gateways.registry import account_kinds
from tests.contract.gateways.stub import Stub
from tests.contract.gateways.tls import make_certificate
from tests.devtools.simulator.rehearsal import Heard, ListeningApp

CODE_TEXT = "Your code is 123456 (valid 5 minutes)."
NUMBER = "+447400123456"
SIM_NUMBER = "+447700900000"
REFERENCE = "ver_01JZZZZZZZZZZZZZZZZZZZZZZZ.1"
SECRET = "whsec_of_the_contract_suite"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Row = tuple[int, object, OutcomeKind, bool]
"""A status, a body (JSON, or text), the outcome it comes to, and whether that is the operator's alarm."""


def message(
    seconds: float = 5.0,
    callback_url: str | None = None,
    *,
    to: str = NUMBER,
    life_seconds: float = 300.0,
    slot: str | None = None,
) -> Message:
    """A code to be sent."""
    return Message(to, CODE_TEXT, REFERENCE, callback_url, life_seconds, seconds, SIM_NUMBER, slot)


def request_of(heard: Heard) -> CallbackRequest:
    """A callback as the intake would hand it over."""
    fields = dict(parse_qsl(urlsplit(heard.path).query, keep_blank_values=True))
    return CallbackRequest({name.lower(): value for name, value in heard.headers.items()}, heard.body, fields)


class Unreadable:
    """An answer that every adapter stumbles over, and says why in words that must not be shown."""

    def __getattr__(self, name: str) -> object:
        raise ValueError(f"{name} of {CODE_TEXT} to {NUMBER}")


class Adapter:
    """What each part of the contract works with; the fields are what an adapter must say for itself."""

    kind: ClassVar[str]
    key: ClassVar[str] = "a key of the contract suite"
    wrong_key: ClassVar[str] = "another key of the contract suite"
    account: ClassVar[dict[str, Any]] = {}
    """Further fields of the account."""
    table: ClassVar[Sequence[Row]]
    """What the vendor may answer, row by row."""
    offline_is_certain: ClassVar[bool] = True
    """Whether the vendor says that no phone is online; else it takes the message and keeps it."""
    suspends: ClassVar[bool] = True
    throttles: ClassVar[bool] = True
    refuses_numbers: ClassVar[bool] = True
    signature_covers_the_body: ClassVar[bool] = True

    def open(self, url: str, key: str | None = None, **fields: Any) -> Gateway:
        """The adapter for an account at this URL."""
        described = {"kind": self.kind, "url": url, "key": key or self.key, **self.account, **fields}
        return account_kinds()[self.kind].model_validate(described).open("tried")

    @pytest.fixture
    def phone(self) -> Iterator[Simulator]:
        """The vendor, simulated."""
        with Simulator(key=self.key, profile=self.kind, webhook_secret=SECRET) as simulator:
            yield simulator

    @pytest.fixture
    def gateway(self, phone: Simulator) -> Gateway:
        """The adapter, opened at the simulated vendor."""
        return self.open(phone.url)

    @pytest.fixture
    def stub(self) -> Iterator[Stub]:
        """A server that answers what it is told."""
        with Stub() as listening:
            yield listening

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """A certificate of localhost that nobody vouches for."""
        return make_certificate(tmp_path)

    @pytest.fixture
    def app(self) -> Iterator[ListeningApp]:
        """Where the vendor posts to."""
        with closing(ListeningApp()) as listening:
            yield listening

    def send_to(self, stub: Stub, seconds: float = 5.0) -> Outcome:
        """One send to the stub."""
        return self.open(stub.url).send(message(seconds))

    def subscribe(self, phone: Simulator, url: str) -> None:
        """Let the simulated vendor post what comes in to this URL."""
        phone.webhook_url = f"{url}/inbound"


def json_of(request: bytes) -> Any:
    """The JSON body of a request that the stub kept."""
    return json.loads(request.partition(b"\r\n\r\n")[2])
