"""E-mail, against a real SMTP server (aiosmtpd) on loopback, behind STARTTLS with a certificate of ours."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.domain.gateway import Message, OutcomeKind
from otp_worker.gateways.email import EmailGateway
from otp_worker.gateways.smtp.server import SmtpServer
from tests.contract.tls_server import make_certificate

CODE = "402853"
TO = "anna@example.com"


class Mailboxes:
    """What the server answers, by the command, and what it took."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.took: list[Envelope] = []
        self.breaks_off = False

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.took.append(envelope)
        if self.breaks_off:
            assert server.transport is not None
            server.transport.close()
        return self.answers.get("DATA", "250 OK")

    @property
    def letters(self) -> list[EmailMessage]:
        """What it took, read."""
        contents = (each.original_content or b"" for each in self.took)
        read = [message_from_bytes(each, policy=default) for each in contents]
        return [each for each in read if isinstance(each, EmailMessage)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("smtp"))


@pytest.fixture
def mailboxes() -> Mailboxes:
    return Mailboxes()


@contextmanager
def served(
    mailboxes: Mailboxes, certificate: tuple[Path, Path], host: str = "127.0.0.1", **more: Any
) -> Iterator[int]:
    """The port of a server that takes nothing before STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    (port,) = free_ports(None)
    behind_tls: dict[str, Any] = {"tls_context": context, "require_starttls": True} | more
    controller = Controller(
        mailboxes,
        hostname=host,
        port=port,
        authenticator=lambda *asked: AuthResult(success=asked[-1].password == b"right", handled=False),
        **behind_tls,
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def port(mailboxes: Mailboxes, certificate: tuple[Path, Path]) -> Iterator[int]:
    with served(mailboxes, certificate, auth_required=True) as port:
        yield port


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Our certificate is among those that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def gateway(port: int, password: str = "right", host: str = "localhost") -> EmailGateway:
    return EmailGateway(SmtpServer("smtp+starttls", host, port, "otp", password), "otp@shop.example")


def message(**more: Any) -> Message:
    text = f"{CODE} is your code. It is good for 5 minutes.\n.\n..Ünïcode"
    given: dict[str, Any] = {"to": TO, "text": text, "subject": "Corner Shop", "timeout_seconds": 5.0} | more
    return Message(reference="ver_1.1", callback_url=None, life_seconds=300, **given)


@pytest.mark.usefixtures("trusted")
def test_a_code_arrives_behind_starttls_and_a_login_in_its_body_alone(
    port: int, mailboxes: Mailboxes
) -> None:
    outcome = gateway(port).send(message())
    assert (outcome.kind, outcome.message_id) == (OutcomeKind.ACCEPTED, None)
    (envelope,), (letter,) = mailboxes.took, mailboxes.letters
    assert (envelope.mail_from, envelope.rcpt_tos) == ("otp@shop.example", [TO])
    assert (letter["From"], letter["To"], letter["Subject"]) == ("otp@shop.example", TO, "Corner Shop")
    assert (letter["Message-ID"], letter["Auto-Submitted"]) == ("<ver_1.1@shop.example>", "auto-generated")
    assert letter.get_content().splitlines() == message().text.splitlines()
    assert all(CODE not in str(value) for value in letter.values())


def test_a_certificate_that_cannot_be_verified_is_a_refusal_and_nothing_is_said(
    port: int, mailboxes: Mailboxes
) -> None:
    outcome = gateway(port).send(message())
    assert outcome.kind is OutcomeKind.MISCONFIGURED
    assert "certificate cannot be verified" in outcome.reason
    assert gateway(port).probe().kind is OutcomeKind.MISCONFIGURED
    assert mailboxes.took == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_a_refusal(
    mailboxes: Mailboxes, certificate: tuple[Path, Path]
) -> None:
    with served(mailboxes, certificate, host="127.0.0.2") as port:
        assert gateway(port, host="127.0.0.2").send(message()).kind is OutcomeKind.MISCONFIGURED
    assert mailboxes.took == []


@pytest.mark.usefixtures("trusted")
def test_a_server_without_starttls_is_a_refusal(mailboxes: Mailboxes, certificate: tuple[Path, Path]) -> None:
    with served(mailboxes, certificate, tls_context=None, require_starttls=False) as port:
        outcome = gateway(port).send(message())
    assert (outcome.kind, mailboxes.took) == (OutcomeKind.MISCONFIGURED, [])


@pytest.mark.usefixtures("trusted")
def test_a_login_that_is_refused_is_the_operators_to_mend(port: int, mailboxes: Mailboxes) -> None:
    outcome = gateway(port, "wrong").send(message())
    assert outcome.kind is OutcomeKind.MISCONFIGURED
    assert outcome.reason == "the mail server refuses our login (535)"
    assert gateway(port, "wrong").probe() == outcome
    assert gateway(port).probe().kind is OutcomeKind.ACCEPTED
    assert gateway(port).health() is True
    assert mailboxes.took == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("command", "code", "kind"),
    [
        ("MAIL", 421, OutcomeKind.UNAVAILABLE),
        ("MAIL", 451, OutcomeKind.UNAVAILABLE),
        ("MAIL", 550, OutcomeKind.MISCONFIGURED),
        ("RCPT", 251, OutcomeKind.ACCEPTED),
        ("RCPT", 421, OutcomeKind.UNAVAILABLE),
        ("RCPT", 450, OutcomeKind.DEFERRED),
        ("RCPT", 550, OutcomeKind.REFUSED),
        ("DATA", 452, OutcomeKind.DEFERRED),
        ("DATA", 554, OutcomeKind.REFUSED),
        ("DATA", 299, OutcomeKind.UNAVAILABLE),
    ],
)
def test_what_each_answer_means(
    port: int, mailboxes: Mailboxes, command: str, code: int, kind: OutcomeKind
) -> None:
    mailboxes.answers[command] = f"{code} says {TO} of {CODE}"
    outcome = gateway(port).send(message())
    assert outcome.kind is kind
    assert TO not in outcome.reason
    assert CODE not in outcome.reason


@pytest.mark.usefixtures("trusted")
def test_a_server_that_breaks_off_after_the_letter_may_have_taken_it(port: int, mailboxes: Mailboxes) -> None:
    mailboxes.breaks_off = True
    assert gateway(port).send(message()).kind is OutcomeKind.UNCERTAIN


@pytest.mark.usefixtures("trusted")
def test_what_is_not_wanted_any_more_never_leaves(port: int, mailboxes: Mailboxes) -> None:
    assert gateway(port).send(message(may_leave=lambda: False)).kind is OutcomeKind.WITHDRAWN
    assert mailboxes.took == []


@pytest.mark.usefixtures("trusted")
def test_where_our_own_word_cannot_be_had_nothing_leaves(port: int, mailboxes: Mailboxes) -> None:
    def away() -> bool:
        raise ConnectionResetError("the database is away")

    with pytest.raises(ConnectionResetError, match="database"):
        gateway(port).send(message(may_leave=away))
    assert mailboxes.took == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("field", ["subject", "to"])
def test_no_text_becomes_a_header_or_a_command(port: int, mailboxes: Mailboxes, field: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline"):
        gateway(port).send(message(**{field: f"a@example.com\r\nBcc: {TO}"}))
    assert mailboxes.took == []


def test_a_server_that_is_away_has_taken_nothing() -> None:
    (closed,) = free_ports(None)
    outcome = gateway(closed).send(message())
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert gateway(closed).health() is False


@pytest.mark.usefixtures("trusted")
def test_an_attempt_ends_in_time_whatever_the_server_does(port: int) -> None:
    outcome = gateway(port).send(message(timeout_seconds=0.0))
    assert (outcome.kind, "TimeoutError" in outcome.reason) == (OutcomeKind.UNAVAILABLE, True)
