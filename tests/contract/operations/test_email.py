"""Telling support by e-mail, against a real SMTP server of the tests' own."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.gateways.smtp.server import SmtpServer
from otp_worker.operations.email import EmailChannel
from otp_worker.store.notifications import Notification
from tests.contract.service import START

NOTICE = Notification("ntc_1", "email", "reply.received", "rep_1", {}, START)
TOLD = {"from": "+447400123456", "text": "who are you?", "app": None}


class _Conversation(socketserver.StreamRequestHandler):
    """One client: every command is taken, until the server is told to refuse."""

    def handle(self) -> None:
        sink = self.server
        assert isinstance(sink, SmtpSink)
        if sink.drips_at == "greeting":
            self._drip()
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA" and not sink.refuses:
                self._say("354 go on")
                sink.took.append(self._message())
            if verb == b"DATA" and sink.drips_at == "answer":
                self._drip()
            if verb == b"AUTH":
                sink.logins.append(line.decode().strip())
            self._say("221 bye" if verb == b"QUIT" else self._answer(verb, refuses=sink.refuses))

    @staticmethod
    def _answer(verb: bytes, *, refuses: bool) -> str:
        if verb == b"EHLO":
            return "250-sink\r\n250 AUTH PLAIN"
        if verb == b"DATA" and refuses:
            return "451 not now, said +447400123456"
        return "235 in" if verb == b"AUTH" else "250 ok"

    def _message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        read = message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(read, EmailMessage)
        return read

    def _drip(self) -> None:
        """Two seconds of a line that may still become an answer, a byte at a time."""
        with suppress(OSError):
            for byte in b"250-" + b"x" * 96:
                self.wfile.write(bytes([byte]))
                threading.Event().wait(0.02)
            self.wfile.write(b"\r\n")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class SmtpSink(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it takes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.took: list[EmailMessage] = []
        self.logins: list[str] = []
        self.refuses = False
        self.drips_at: str | None = None

    def handle_error(self, *_: object) -> None:
        """Its client may be gone."""


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def channel(sink: SmtpSink) -> EmailChannel:
    server = SmtpServer("smtp", "127.0.0.1", sink.server_address[1])
    return EmailChannel(server, "otp@example.com", "support@example.com")


def test_a_notice_arrives_as_a_plain_text_that_nobody_answers_by_itself(
    channel: EmailChannel, sink: SmtpSink
) -> None:
    assert channel.tell(NOTICE, TOLD, START) is None
    (mail,) = sink.took
    assert (mail["From"], mail["To"]) == ("otp@example.com", "support@example.com")
    assert mail["Subject"] == "otp-worker: reply.received"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    body = mail.get_content().replace("\r\n", "\n")
    assert body == "reply.received\n\nfrom: +447400123456\ntext: who are you?\napp: -\n"


def test_what_operators_are_told_is_a_sentence_before_its_fields(
    channel: EmailChannel, sink: SmtpSink
) -> None:
    notice = Notification("ntc_1", "email", "canary.lost", None, {}, START)
    told = {"from_sim": "gb1", "to_sim": "gb2", "codes_waiting": 0, "first_ends_at": None}
    assert channel.tell(notice, told, START) is None
    body = sink.took[0].get_content().replace("\r\n", "\n").split("\n")
    assert body[:4] == [
        "canary.lost",
        "",
        "A canary from gb1 to gb2 did not arrive. No code waits.",
        "",
    ]
    assert "from_sim: gb1" in body


def test_a_repeat_has_the_same_message_id(channel: EmailChannel, sink: SmtpSink) -> None:
    for _ in range(2):
        channel.tell(NOTICE, TOLD, START)
    assert [mail["Message-ID"] for mail in sink.took] == ["<ntc_1@example.com>"] * 2


@pytest.mark.parametrize(
    "text",
    ["a\r\nBcc: all@example.com", "a\n.\r\nRCPT TO:<all@example.com>", "\u2028from: x", "\U0001f600" * 500],
)
def test_no_text_of_a_reply_becomes_a_header_or_another_field(
    channel: EmailChannel, sink: SmtpSink, text: str
) -> None:
    assert channel.tell(NOTICE, {"text": text, "app": "shop"}, START) is None
    (mail,) = sink.took
    assert mail["Bcc"] is None
    body = mail.get_content().replace("\r\n", "\n").split("\n")
    assert [line.partition(":")[0] for line in body if line.strip()] == ["reply.received", "text", "app"]


def test_a_type_with_a_line_break_in_it_is_never_handed_in(channel: EmailChannel, sink: SmtpSink) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        channel.tell(replace(NOTICE, type="x\r\nBcc: all@example.com"), TOLD, START)
    assert sink.took == []


def test_the_server_is_logged_in_to_where_there_is_a_user(channel: EmailChannel, sink: SmtpSink) -> None:
    known = replace(channel, server=replace(channel.server, user="otp", password="secret"))
    assert known.tell(NOTICE, TOLD, START) is None
    assert len(sink.logins) == 1


def test_what_is_not_taken_says_why_and_repeats_nothing(channel: EmailChannel, sink: SmtpSink) -> None:
    sink.refuses = True
    assert channel.tell(NOTICE, TOLD, START) == "SMTPDataError"


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_nothing_is_handed_in_without_the_tls_that_is_asked_for(
    channel: EmailChannel, sink: SmtpSink, scheme: str
) -> None:
    strict = replace(channel, server=replace(channel.server, scheme=scheme))
    assert strict.tell(NOTICE, TOLD, START) in {"SSLError", "SMTPNotSupportedError"}
    assert sink.took == []


def test_a_server_that_is_away_is_a_failure_and_no_exception(channel: EmailChannel) -> None:
    (port,) = free_ports(None)
    away = replace(channel, server=replace(channel.server, port=port))
    assert away.tell(NOTICE, TOLD, START) == "ConnectionRefusedError"


@pytest.mark.parametrize("drips_at", ["greeting", "answer"])
def test_a_server_that_drips_is_cut_off_when_the_time_of_the_whole_attempt_is_over(
    channel: EmailChannel, sink: SmtpSink, drips_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes well within a socket's own time-out."""
    monkeypatch.setattr("otp_worker.operations.email.TIMEOUT_SECONDS", 0.3)
    sink.drips_at = drips_at
    assert channel.tell(NOTICE, TOLD, START) == "TimeoutError"


def test_a_tls_handshake_that_never_ends_is_cut_off(
    channel: EmailChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otp_worker.operations.email.TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = replace(channel.server, scheme="smtps", port=silent.getsockname()[1])
        assert replace(channel, server=server).tell(NOTICE, TOLD, START) == "TimeoutError"


def test_a_name_that_is_not_resolved_in_time_is_a_failure(
    channel: EmailChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def never(*_: object, **__: object) -> list[object]:
        answered.wait(30)
        return []

    monkeypatch.setattr("otp_worker.operations.email.TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr("socket.getaddrinfo", never)
    assert channel.tell(NOTICE, TOLD, START) == "TimeoutError"
    answered.set()
