"""The Kannel adapter against the simulated smsbox and against a stub that says what it is told."""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import Gateway, Message, OutcomeKind, PhoneState
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.kannel import KannelAccount
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, SIM_NUMBER, Unreadable, message
from tests.contract.gateways.kannel_callbacks import KannelCallbacks
from tests.contract.gateways.stub import Stub, answer

ACCEPTED = "0: Accepted for delivery"
KEPT = "3: Queued for later delivery"
GET_URL_FIELDS = "from=%q&to=%Q&text=%b&at=%t"


class TestKannel(KannelCallbacks):
    kind = "kannel"
    key = "otp:correct horse+battery&staple"
    wrong_key = "otp:wrong"
    offline_is_certain = False
    throttles = False
    table = (
        (202, ACCEPTED, OutcomeKind.ACCEPTED, False),
        (202, f"{ACCEPTED}\n", OutcomeKind.ACCEPTED, False),
        (202, KEPT, OutcomeKind.ACCEPTED, False),
        (202, "Sent.", OutcomeKind.UNCERTAIN, False),
        (202, "0: Accepted", OutcomeKind.UNCERTAIN, False),
        (202, "", OutcomeKind.UNCERTAIN, False),
        (200, ACCEPTED, OutcomeKind.UNCERTAIN, False),
        (400, "Missing receiver number, rejected", OutcomeKind.REFUSED, False),
        (400, "Number(s) has/have been denied by white- and/or black-lists.", OutcomeKind.REFUSED, False),
        (400, "Sender missing and no global set, rejected", OutcomeKind.MISCONFIGURED, True),
        (401, None, OutcomeKind.MISCONFIGURED, True),
        (403, "Authorization failed for sendsms", OutcomeKind.MISCONFIGURED, True),
        (403, "Not routable. Do not try again.", OutcomeKind.REFUSED, False),
        (403, "Forbidden", OutcomeKind.MISCONFIGURED, True),
        (404, "Unknown request.", OutcomeKind.MISCONFIGURED, True),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, "Sending failed.", OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, "Temporal failure, try again later.", OutcomeKind.UNAVAILABLE, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def subscribe(self, phone: Simulator, url: str) -> None:
        """What comes in goes to a get-url with the fields that the adapter's module names."""
        phone.webhook_url = f"{url}/inbound?{GET_URL_FIELDS}"

    def asked(self, stub: Stub, message: Message, **account: Any) -> dict[str, str]:
        """The fields of the GET for this message."""
        stub.answers.append(answer(202, ACCEPTED))
        assert self.open(stub.url, **account).send(message).kind is OutcomeKind.ACCEPTED
        method, target, _ = stub.requests[-1].splitlines()[0].decode().split(" ")
        assert (method, urlsplit(target).path) == ("GET", "/v1/cgi-bin/sendsms")
        return dict(parse_qsl(urlsplit(target).query, strict_parsing=True))

    def test_the_request_is_what_the_user_guide_says(self, stub: Stub) -> None:
        asked = self.asked(stub, message(callback_url="http://127.0.0.1/cb", slot="SIM1"))
        assert asked == {
            "username": "otp",
            "password": "correct horse+battery&staple",
            "to": NUMBER,
            "text": CODE_TEXT,
            "charset": "UTF-8",
            "coding": "0",
            "validity": "5",
            "priority": "3",
            "from": SIM_NUMBER,
            "smsc": "SIM1",
            "dlr-mask": "27",
            "dlr-url": "http://127.0.0.1/cb?d=%d",
        }

    def test_without_a_callback_no_receipts_are_asked_for(self, stub: Stub) -> None:
        assert not {"dlr-mask", "dlr-url"} & self.asked(stub, message()).keys()

    @pytest.mark.parametrize(
        ("callback_url", "dlr_url"),
        [
            ("http://127.0.0.1/a%20b", "http://127.0.0.1/a%%20b?d=%d"),
            ("http://127.0.0.1/cb?x=1", "http://127.0.0.1/cb?x=1&d=%d"),
        ],
    )
    def test_the_callback_url_reaches_kannel_so_that_its_escapes_leave_it_alone(
        self, stub: Stub, callback_url: str, dlr_url: str
    ) -> None:
        assert self.asked(stub, message(callback_url=callback_url))["dlr-url"] == dlr_url

    @pytest.mark.parametrize(
        ("text", "coding"),
        [("Votre code est è123456", "0"), ("Ваш код 123456", "2"), ("çode 123456", "2"), ("[123456]", "2")],
    )
    def test_a_text_outside_the_gsm_alphabet_is_sent_as_ucs_2(
        self, stub: Stub, text: str, coding: str
    ) -> None:
        asked = self.asked(stub, Message(NUMBER, text, "ref", None, 300.0, 5.0))
        assert (asked["text"], asked["coding"]) == (text, coding)

    @pytest.mark.parametrize(
        ("life_seconds", "minutes"), [(300.0, "5"), (299.9, "4"), (119.0, "1"), (60.0, "1"), (3.0, "1")]
    )
    def test_the_life_is_told_in_whole_minutes(self, stub: Stub, life_seconds: float, minutes: str) -> None:
        assert self.asked(stub, message(life_seconds=life_seconds))["validity"] == minutes

    def test_the_accounts_sender_and_smsc_stand_in_for_the_messages(self, stub: Stub) -> None:
        unsaid = Message(NUMBER, CODE_TEXT, "ref", None, 300.0, 5.0)
        assert not {"from", "smsc"} & self.asked(stub, unsaid).keys()
        asked = self.asked(stub, unsaid, sender="Acme", smsc="SIM2")
        assert (asked["from"], asked["smsc"]) == ("Acme", "SIM2")
        asked = self.asked(stub, message(slot="SIM1"), sender="Acme", smsc="SIM2")
        assert (asked["from"], asked["smsc"]) == (SIM_NUMBER, "SIM1")

    def test_a_message_that_is_kept_says_so_and_is_sent_when_the_link_is_back(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(offline=True)
        assert "kept" in gateway.send(message()).reason
        kept = phone.messages.wait_for(lambda each: True)
        assert kept.sent_at is None
        phone.knobs.set(offline=False)
        phone.messages.wait_for(lambda each: each.sent_at is not None)

    def test_a_full_queue_is_unavailable(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=True)
        assert gateway.send(message()).kind is OutcomeKind.UNAVAILABLE
        assert len(phone.messages) == 0

    def test_a_sender_that_nobody_names_is_the_operators_to_mend(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcome = gateway.send(Message(NUMBER, CODE_TEXT, "ref", None, 300.0, 5.0))
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert "set sender" in outcome.reason

    def test_whether_the_link_is_up_is_asked_where_the_account_says_where(self, phone: Simulator) -> None:
        asked = self.open(phone.url, admin_url=phone.url, status_password="looking")
        assert asked.phone_state() == PhoneState(online=True)
        phone.knobs.set(offline=True)
        assert asked.phone_state() == PhoneState(online=False)
        assert self.open(phone.url).phone_state() is None
        nobody = f"http://127.0.0.1:{free_ports(None)[0]}"
        assert self.open(phone.url, admin_url=nobody).phone_state() is None

    @pytest.mark.parametrize(
        ("page", "online"),
        [
            ("<gateway>\nDenied</gateway>", None),
            ("", None),
            ("<box><id>box1</id><IP>127.0.0.1</IP><status>on-line 0d</status></box>", None),
            ("<id>SIM1</id>\n<status>online 2s</status><id>SIM2</id>\n<status>dead</status>", True),
            ("<id>SIM1</id>\n<status>dead</status><id>SIM2</id>\n<status>online 2s</status>", False),
            ("<id>SIM2</id>\n<status>disconnected</status><id>SIM3</id>\n<status>online 2s</status>", True),
            ("<id>SIM2</id>\n<status>connecting</status>", False),
        ],
    )
    def test_the_accounts_smsc_is_the_link_that_counts(
        self, stub: Stub, page: str, online: bool | None
    ) -> None:
        stub.answers.append(answer(200, page))
        state = self.open(stub.url, admin_url=stub.url, smsc="SIM1").phone_state()
        assert (state and state.online) is online

    def test_no_error_reason_or_log_line_quotes_what_stands_in_the_url(
        self, stub: Stub, caplog: pytest.LogCaptureFixture
    ) -> None:
        stub.answers += [
            b"HTTP/1.1 202 Accepted\r\nno header\r\nContent-Length: x\r\n\r\n",
            b"junk\r\n\r\n",
            None,
        ]
        refused = f"http://127.0.0.1:{free_ports(None)[0]}"
        gateways = [
            *[self.open(stub.url, admin_url=stub.url, status_password="looking")] * 3,
            self.open(refused),
        ]
        with caplog.at_level(logging.DEBUG):
            shown = [repr(gateway.send(message())) for gateway in gateways]
            shown += [repr(gateways[0].phone_state()), *map(repr, gateways)]
        said = "\n".join([*shown, caplog.text])
        assert not any(secret in said for secret in ("horse", "battery", "123456", NUMBER[1:], "looking")), (
            said
        )

    def test_a_redirect_that_echoes_the_request_is_an_outcome_that_quotes_nothing(self) -> None:
        def echo(listener: socket.socket) -> None:
            connection, _ = listener.accept()
            with connection:
                uri = connection.recv(65536).split(b" ")[1]
                connection.sendall(
                    b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9?from=%b\r\nContent-Length: 0\r\n\r\n" % uri
                )

        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
            pool.submit(echo, listener)
            outcome = self.open(f"http://127.0.0.1:{listener.getsockname()[1]}").send(message())
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert not any(secret in repr(outcome) for secret in ("horse", "123456", NUMBER[1:]))

    def test_a_status_page_that_it_stumbles_over_tells_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(BoundedClient, "get", lambda *_, **__: Unreadable())
        gateway = self.open("http://gateway.invalid", admin_url="http://gateway.invalid")
        assert gateway.phone_state() is None

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"key": "no colon"}, ("key", "username:password")),
            ({"key": ":password"}, ("key", "username:password")),
            ({"key": "otp:"}, ("key", "username:password")),
            ({"url": "127.0.0.1:13013"}, ("url", "http://")),
            ({"smsc": ""}, ("smsc", "at least 1 character")),
            ({"status_password": "looking"}, ("status_password", "admin_url")),
            ({"smcs": "SIM1"}, ("smcs", "not permitted")),
        ],
    )
    def test_a_bad_account_names_the_field_and_the_fix(
        self, fields: dict[str, str], named: tuple[str, str]
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            KannelAccount.model_validate({"kind": "kannel", "key": self.key, **fields})
        said = str(caught.value)
        assert all(word in said for word in named)
        assert not any(secret in said for secret in ("no colon", "horse", "looking"))
