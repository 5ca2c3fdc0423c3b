"""What holds for every adapter: one suite that each one's own test module runs against its simulator.

A module subclasses ``AdapterContract``, says how its adapter is opened and what its vendor answers, and
adds what is the vendor's own.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from structlog.testing import capture_logs

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import (
    CallbackRequest,
    Gateway,
    Message,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptKind,
    Reply,
)
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.registry import account_kinds
from tests.contract.gateways.stub import Stub, answer
from tests.contract.gateways.tls import ENDS, TlsStub, make_certificate
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


class AdapterContract:
    """Run by each adapter's subclass; what it must say for itself stands first."""

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

    def test_an_accepted_message_is_on_the_phone_as_it_was_sent(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcome = gateway.send(message())
        taken = phone.messages.wait_for(lambda each: True)
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert (taken.to, taken.text) == (NUMBER, CODE_TEXT)

    def test_its_receipts_and_polls_name_the_message_it_was_told_of(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcome = gateway.send(message())
        if gateway.capabilities.poll:
            assert outcome.message_id
            phone.messages.wait_for(lambda each: each.sent_at is not None)
            receipt = gateway.poll(outcome.message_id)
            assert receipt is not None
            assert receipt.kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED)
        else:
            assert gateway.poll(outcome.message_id or "") is None

    def test_the_remaining_life_is_passed_on_where_the_gateway_takes_one(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        gateway.send(message(life_seconds=140.0))
        taken = phone.messages.wait_for(lambda each: True)
        if gateway.capabilities.ttl:
            # Never longer than the code's life; a vendor that counts in minutes is told the whole ones.
            assert taken.life_seconds is not None
            assert 60 <= taken.life_seconds <= 140
        else:
            assert taken.life_seconds is None

    def test_a_sim_is_chosen_where_the_gateway_lets_us(self, phone: Simulator, gateway: Gateway) -> None:
        gateway.send(message(slot="2"))
        taken = phone.messages.wait_for(lambda each: True)
        assert (taken.sim is not None) is gateway.capabilities.sim_choice

    def test_a_repeated_reference_is_one_sms_where_the_gateway_dedupes(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcomes = [gateway.send(message()).kind for _ in range(2)]
        assert outcomes == [OutcomeKind.ACCEPTED] * 2
        assert len(phone.messages) == (1 if gateway.capabilities.dedupe else 2)

    def test_a_phone_that_is_offline_is_unavailable_or_kept_for(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(offline=True)
        outcome = gateway.send(message())
        wanted = OutcomeKind.UNAVAILABLE if self.offline_is_certain else OutcomeKind.ACCEPTED
        assert (outcome.kind, outcome.alarm) == (wanted, False)

    def test_a_wrong_key_is_refused_and_raises_the_alarm(self, phone: Simulator) -> None:
        outcome = self.open(phone.url, self.wrong_key).send(message())
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert len(phone.messages) == 0

    def test_a_suspended_account_is_refused_and_raises_the_alarm(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(suspended=self.suspends)
        outcome = gateway.send(message())
        wanted = (OutcomeKind.MISCONFIGURED, True) if self.suspends else (OutcomeKind.ACCEPTED, False)
        assert (outcome.kind, outcome.alarm) == wanted

    def test_a_number_the_gateway_refuses_is_refused_without_alarm(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(refuse=[NUMBER] if self.refuses_numbers else [])
        outcome = gateway.send(message())
        wanted = OutcomeKind.REFUSED if self.refuses_numbers else OutcomeKind.ACCEPTED
        assert (outcome.kind, outcome.alarm) == (wanted, False)

    def test_throttling_is_told_from_failure(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=self.throttles)
        outcome = gateway.send(message())
        assert outcome.kind is (OutcomeKind.THROTTLED if self.throttles else OutcomeKind.ACCEPTED)

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_server_error_is_uncertain(self, phone: Simulator, gateway: Gateway, status: int) -> None:
        phone.knobs.set(error_status=status)
        assert gateway.send(message()).kind is OutcomeKind.UNCERTAIN

    @pytest.mark.parametrize("knob", ["lose_reply", "malformed", "oversized"])
    def test_a_message_taken_without_a_readable_answer_is_uncertain(
        self, phone: Simulator, gateway: Gateway, knob: str
    ) -> None:
        phone.knobs.set(**{knob: True})
        assert gateway.send(message()).kind is OutcomeKind.UNCERTAIN
        assert len(phone.messages) == 1

    @pytest.mark.parametrize("knob", ["hang", "drip"])
    def test_a_gateway_that_hangs_or_drips_is_given_up_at_the_deadline(
        self, phone: Simulator, gateway: Gateway, knob: str
    ) -> None:
        phone.knobs.set(drip_seconds=0.5)
        phone.knobs.set(**{knob: True})
        started = time.monotonic()
        assert gateway.send(message(seconds=1)).kind is OutcomeKind.UNCERTAIN
        assert time.monotonic() - started < 4

    def test_headers_that_drip_are_given_up_at_the_deadline(self, stub: Stub) -> None:
        stub.drip = b"HTTP/1.1 202 Accepted\r\n" + b"X-Slow: yes\r\n" * 1000
        started = time.monotonic()
        assert self.send_to(stub, seconds=1).kind is OutcomeKind.UNCERTAIN
        assert time.monotonic() - started < 4

    def test_a_redirect_is_not_followed(self, phone: Simulator, gateway: Gateway, stub: Stub) -> None:
        phone.knobs.set(redirect=stub.url)
        outcome = gateway.send(message())
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert stub.requests == []

    def test_a_port_where_nobody_listens_is_unavailable(self) -> None:
        gateway = self.open(f"http://127.0.0.1:{free_ports(None)[0]}")
        assert gateway.send(message()).kind is OutcomeKind.UNAVAILABLE

    def test_a_name_that_does_not_resolve_is_unavailable(self) -> None:
        assert self.open("http://gateway.invalid").send(message()).kind is OutcomeKind.UNAVAILABLE

    def test_a_tls_handshake_that_fails_is_unavailable(self, stub: Stub) -> None:
        stub.answers.append(b"this is not TLS\r\n\r\n")
        gateway = self.open(stub.url.replace("http://", "https://"))
        assert gateway.send(message()).kind is OutcomeKind.UNAVAILABLE

    def test_a_tls_handshake_that_never_ends_is_unavailable(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            outcome = self.open(f"https://127.0.0.1:{silent.getsockname()[1]}").send(message(seconds=0.2))
        assert outcome.kind is OutcomeKind.UNAVAILABLE

    def test_a_certificate_that_nobody_vouches_for_is_unavailable(self, certificate: Path) -> None:
        with TlsStub(certificate, ENDS["reset"]) as stub:
            assert self.open(stub.url).send(message()).kind is OutcomeKind.UNAVAILABLE
        assert stub.requests == []

    @pytest.mark.parametrize("end", ENDS)
    def test_whatever_goes_wrong_in_tls_after_the_request_is_uncertain(
        self, certificate: Path, monkeypatch: pytest.MonkeyPatch, end: str
    ) -> None:
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
        with TlsStub(certificate, ENDS[end]) as stub:
            assert self.open(stub.url).send(message()).kind is OutcomeKind.UNCERTAIN
            assert len(stub.requests) == 1

    def test_a_message_that_is_withdrawn_while_it_connects_never_leaves(self, stub: Stub) -> None:
        withdrawn = replace(message(), may_leave=lambda: False)
        assert self.open(stub.url).send(withdrawn).kind is OutcomeKind.WITHDRAWN
        assert stub.requests == []

    def test_a_message_that_is_withdrawn_does_not_leave_by_a_kept_connection(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        assert gateway.send(message()).kind is OutcomeKind.ACCEPTED
        withdrawn = replace(message(), reference=f"{REFERENCE[:-1]}2", may_leave=lambda: False)
        assert gateway.send(withdrawn).kind is OutcomeKind.WITHDRAWN
        assert len(phone.messages) == 1

    def test_a_name_that_resolves_when_the_time_is_over_is_unavailable_and_nothing_is_sent(
        self, stub: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept = threading.Event()
        resolve = socket.getaddrinfo

        def slowly(*arguments: Any, **options: Any) -> Any:
            slept.wait(0.3)
            return resolve(*arguments, **options)

        gateway = self.open(stub.url)
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        assert gateway.send(message(seconds=0.2)).kind is OutcomeKind.UNAVAILABLE
        assert stub.requests == []

    def test_a_listener_that_never_accepts_is_left_within_the_deadline(self) -> None:
        with closing(socket.socket()) as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            started = time.monotonic()
            outcome = self.open(f"http://127.0.0.1:{full.getsockname()[1]}").send(message(seconds=1))
            assert outcome.kind in (OutcomeKind.UNAVAILABLE, OutcomeKind.UNCERTAIN)
            assert time.monotonic() - started < 4

    def test_every_answer_is_one_outcome(self, stub: Stub) -> None:
        for status, body, kind, alarm in self.table:
            stub.answers.append(answer(status, body))
            outcome = self.send_to(stub)
            assert (outcome.kind, outcome.alarm) == (kind, alarm), (status, body, outcome)

    def test_a_reset_after_the_request_is_uncertain(self, stub: Stub) -> None:
        stub.answers.append(None)
        assert self.send_to(stub).kind is OutcomeKind.UNCERTAIN

    def test_no_outcome_quotes_the_number_the_text_or_the_key(self, stub: Stub) -> None:
        said = f"cannot send {CODE_TEXT} to {NUMBER} with {self.key}"
        echoes: list[object] = [said, dict.fromkeys(("error", "message", "data", "status"), said)]
        for status in sorted({200, 201, 202, *(row[0] for row in self.table)}):
            for echo in echoes:
                stub.answers.append(answer(status, echo))
                shown = repr(self.send_to(stub))
                assert not any(secret in shown for secret in ("123456", NUMBER[1:], self.key)), shown

    def test_an_answer_that_it_stumbles_over_is_uncertain_and_not_quoted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for method in ("get", "post"):
            monkeypatch.setattr(BoundedClient, method, lambda *_, **__: Unreadable())
        gateway = self.open("http://gateway.invalid")
        with capture_logs() as logs:
            outcome = gateway.send(message())
            told = [gateway.health(), gateway.poll("an id"), gateway.phone_state()]
            shown = repr((outcome, logs))
        assert (outcome.kind, told) == (OutcomeKind.UNCERTAIN, [None] * 3)
        assert "ValueError" in outcome.reason
        assert {"event": "answer_not_read", "error": "ValueError", "log_level": "error"} in logs
        assert not any(secret in shown for secret in ("123456", NUMBER[1:])), shown

    @pytest.mark.parametrize("failure", [LookupError, OSError])
    def test_where_our_own_word_cannot_be_had_nothing_leaves_and_no_gateway_is_blamed(
        self, stub: Stub, failure: type[Exception]
    ) -> None:
        def cannot_tell() -> bool:
            raise failure

        with pytest.raises(failure):
            self.open(stub.url).send(replace(message(), may_leave=cannot_tell))
        assert stub.requests == []

    def test_nothing_that_is_shown_of_it_quotes_the_key(self) -> None:
        account = account_kinds()[self.kind].model_validate(
            {"kind": self.kind, "url": "http://gateway.invalid", "key": self.key, **self.account}
        )
        assert self.key not in repr(account) + repr(account.open("tried"))

    def test_a_kept_connection_that_the_gateway_closed_is_opened_again(self, stub: Stub) -> None:
        status, body = next((row[0], row[1]) for row in self.table if row[2] is OutcomeKind.ACCEPTED)
        gateway = self.open(stub.url)
        for _ in range(2):
            stub.answers.append(answer(status, body))
            assert gateway.send(message()).kind is OutcomeKind.ACCEPTED

    def test_the_probe_tells_a_good_key_from_a_bad_one_and_sends_nothing(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        assert gateway.probe().kind is OutcomeKind.ACCEPTED
        bad = self.open(phone.url, self.wrong_key).probe()
        assert (bad.kind, bad.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert len(phone.messages) == 0

    def test_many_threads_each_get_their_own_answer(self, phone: Simulator, gateway: Gateway) -> None:
        outcomes: list[Outcome] = []
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(gateway.send(self.numbered(n))))
            for n in range(32)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
        assert len({each.to for each in phone.messages}) == 32

    @staticmethod
    def numbered(number: int) -> Message:
        """A message of its own."""
        reference = f"{REFERENCE[:-3]}{number:02}.1"
        return Message(f"+4474001234{number:02}", CODE_TEXT, reference, None, 300.0, 10.0, SIM_NUMBER)

    def test_its_receipts_are_signed_where_it_signs_and_move_forward(
        self, phone: Simulator, gateway: Gateway, app: ListeningApp
    ) -> None:
        if not gateway.capabilities.push:
            assert gateway.read_callback(CallbackRequest({}, b'{"status": "sent"}')) == []
            return
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        outcome = gateway.send(message(callback_url=f"{app.url}/cb"))
        requests = [request_of(heard) for heard in app.wait_for(2)]
        receipts = [event for request in requests for event in gateway.read_callback(request)]
        assert [event.kind for event in receipts if isinstance(event, Receipt)] == [
            ReceiptKind.SENT,
            ReceiptKind.DELIVERED,
        ]
        for event in receipts:
            assert isinstance(event, Receipt)
            assert "cb" in app.wait_for(1)[0].path or event.reference or event.message_id
            assert event.reference in (None, REFERENCE)
            assert event.message_id in (None, outcome.message_id)
        wanted = True if gateway.capabilities.signature else None
        assert [gateway.signature_is_good(each, datetime.now(UTC)) for each in requests] == [wanted] * 2

    def test_an_sms_that_comes_in_is_one_reply_however_often_it_is_posted(
        self, phone: Simulator, app: ListeningApp
    ) -> None:
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        app.answers = [500]
        phone.reply(NUMBER, "who are you?")
        first, again = (request_of(heard) for heard in app.wait_for(2))
        (reply,) = gateway.read_callback(first)
        (repeated,) = gateway.read_callback(again)
        assert isinstance(reply, Reply)
        assert isinstance(repeated, Reply)
        assert (reply.number.removeprefix("+"), reply.text) == (NUMBER[1:], "who are you?")
        assert reply.to in (None, SIM_NUMBER, SIM_NUMBER[1:])
        assert reply.dedupe_key == repeated.dedupe_key
        assert reply.received_at is not None
        assert abs(reply.received_at - datetime.now(UTC)) < timedelta(minutes=1)
        phone.reply(NUMBER, "STOP")
        (other,) = gateway.read_callback(request_of(app.wait_for(3)[2]))
        assert isinstance(other, Reply)
        assert other.dedupe_key != reply.dedupe_key

    def test_a_callback_that_somebody_else_signed_or_changed_is_refused(
        self, phone: Simulator, app: ListeningApp
    ) -> None:
        gateway = self.open(phone.url, webhook_secret=SECRET)
        if not gateway.capabilities.signature:
            assert gateway.signature_is_good(CallbackRequest({}, b"{}"), NOW) is None
            return
        self.subscribe(phone, app.url)
        phone.reply(NUMBER, "hello")
        good = request_of(app.wait_for(1)[0])
        now = datetime.now(UTC)
        assert gateway.signature_is_good(good, now) is True
        assert self.open(phone.url, webhook_secret="whsec_another").signature_is_good(good, now) is False
        assert self.open(phone.url).signature_is_good(good, now) is False
        assert gateway.signature_is_good(CallbackRequest({}, good.body), now) is None
        if self.signature_covers_the_body:
            changed = CallbackRequest(good.headers, good.body + b" ")
            assert gateway.signature_is_good(changed, now) is False

    signature_covers_the_body: ClassVar[bool] = True

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not json",
            b"null",
            b"[" * 100_000,
            b"\xff\xfe{}",
            b"9" * 5000,
            b'{"data": {"data": 7}}',
            b"[]",
        ],
    )
    def test_a_callback_that_says_nothing_of_use_is_no_event(self, body: bytes) -> None:
        assert self.open("http://gateway.invalid").read_callback(CallbackRequest({}, body)) == []

    def subscribe(self, phone: Simulator, url: str) -> None:
        """Let the simulated vendor post what comes in to this URL."""
        phone.webhook_url = f"{url}/inbound"


def json_of(request: bytes) -> Any:
    """The JSON body of a request that the stub kept."""
    return json.loads(request.partition(b"\r\n\r\n")[2])
