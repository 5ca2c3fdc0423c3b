"""What holds for every adapter when a connection or an answer goes wrong."""

import socket
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import Gateway, OutcomeKind
from otp_worker.gateways.client import BoundedClient
from tests.contract.gateways.adapter import NUMBER, REFERENCE, Adapter, Unreadable, message
from tests.contract.gateways.stub import Stub, answer
from tests.contract.gateways.tls import ENDS, TlsStub


class FaultContract(Adapter):
    """A part of ``AdapterContract``."""

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

    def test_a_reset_after_the_request_is_uncertain(self, stub: Stub) -> None:
        stub.answers.append(None)
        assert self.send_to(stub).kind is OutcomeKind.UNCERTAIN

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

    def test_a_kept_connection_that_the_gateway_closed_is_opened_again(self, stub: Stub) -> None:
        status, body = next((row[0], row[1]) for row in self.table if row[2] is OutcomeKind.ACCEPTED)
        gateway = self.open(stub.url)
        for _ in range(2):
            stub.answers.append(answer(status, body))
            assert gateway.send(message()).kind is OutcomeKind.ACCEPTED
