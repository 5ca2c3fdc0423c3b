"""One letter handed to an SMTP server (RFC 5321), and what came of it.

What a failure means is decided by its phase. Until the first byte of the letter has left, it was certainly
not taken. From then on, until the server's answer to the whole of it is read, nobody knows.
"""

import re
import smtplib
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.gateways.exchange import Exchange, NoWordError, WithdrawnError
from otp_worker.gateways.smtp.server import SmtpServer
from otp_worker.gateways.smtp.session import smtp_session

_GO_ON = 354
_CLOSING = 421
_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(slots=True)
class _RefusedError(Exception):
    """The server's answer to a command, which ends the transaction."""

    command: str
    code: int


def hand_in(server: SmtpServer, sender: str, message: Message) -> Outcome:
    """Hand a message in as a letter; every failure is an outcome. Raises what ``may_leave`` raises."""
    letter = letter_of(sender, message)
    exchange = Exchange(time.monotonic() + message.timeout_seconds, message.may_leave)
    try:
        with smtp_session(server, exchange.deadline) as connection:
            return _transact(connection, sender, message.to, letter, exchange)
    except WithdrawnError:
        return Outcome(OutcomeKind.WITHDRAWN, "it was not wanted any more when it could leave")
    except NoWordError as error:
        raise error.cause from error.cause.__cause__
    except _RefusedError as error:
        return _refusal(error.command, error.code)
    except (OSError, smtplib.SMTPException) as error:
        if exchange.has_begun:
            return Outcome(
                OutcomeKind.UNCERTAIN, f"the mail server gave no answer ({_short(error, exchange)})"
            )
        return _not_begun(error, exchange)


def ask_nothing(server: SmtpServer, seconds: float) -> Outcome:
    """Whether the server shows a certificate that is good, and takes our login."""
    exchange = Exchange(time.monotonic() + seconds, lambda: False)
    try:
        with smtp_session(server, exchange.deadline):
            return Outcome(OutcomeKind.ACCEPTED, "the mail server answers and takes our login")
    except (OSError, smtplib.SMTPException) as error:
        return _not_begun(error, exchange)


def letter_of(sender: str, message: Message) -> bytes:
    """A message as a letter in plain text; a repetition has the same Message-ID.

    The code stands in the body alone: mail servers write subjects into their logs.
    """
    # This policy refuses a header with a line break in it.
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = message.to
    letter["Subject"] = message.subject
    letter["Date"] = formatdate()
    letter["Message-ID"] = f"<{message.reference}@{sender.rpartition('@')[2]}>"
    # RFC 3834: no auto-responder answers this.
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(f"{message.text}\n", cte="quoted-printable")
    return letter.as_bytes()


def _transact(connection: smtplib.SMTP, sender: str, to: str, letter: bytes, exchange: Exchange) -> Outcome:
    """MAIL, RCPT and DATA. Raises _RefusedError, WithdrawnError, NoWordError and as smtplib does."""
    _expect(250, "MAIL", connection.mail(sender))
    _expect(250, "RCPT", connection.rcpt(to))
    _expect(_GO_ON, "DATA", connection.docmd("DATA"))
    if not exchange.is_wanted():
        # A letter without its end is thrown away when the connection is closed.
        raise WithdrawnError
    exchange.has_begun = True
    connection.send(_DOT.sub(b"..", letter) + b".\r\n")
    _expect(250, "the letter", connection.getreply())
    return Outcome(OutcomeKind.ACCEPTED, "the mail server took it")


def _expect(code: int, command: str, answer: tuple[int, bytes]) -> None:
    # What a server says beside its code may repeat the address or the letter.
    if answer[0] != code and not (code == 250 and answer[0] in (251, 252)):
        raise _RefusedError(command, answer[0])


def _refusal(command: str, code: int) -> Outcome:
    """What a server's answer means: 4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    said = f"the mail server refuses {_MEANT.get(command, 'it')} ({code})"
    if code == _CLOSING or not 400 <= code <= 599:
        return Outcome(OutcomeKind.UNAVAILABLE, said)
    if command == "MAIL":
        return Outcome(OutcomeKind.UNAVAILABLE if code < 500 else OutcomeKind.MISCONFIGURED, said)
    return Outcome(OutcomeKind.DEFERRED if code < 500 else OutcomeKind.REFUSED, said)


_MEANT = {"MAIL": "our sender address", "RCPT": "the address"}


def _not_begun(error: Exception, exchange: Exchange) -> Outcome:
    """What a failure means before a letter has begun to leave: it was not taken."""
    match error:
        case ssl.SSLCertVerificationError():
            return Outcome(
                OutcomeKind.MISCONFIGURED,
                "the mail server's certificate cannot be verified, so nothing is sent",
            )
        case smtplib.SMTPNotSupportedError():
            return Outcome(OutcomeKind.MISCONFIGURED, "the mail server offers no STARTTLS, or no login")
        case smtplib.SMTPAuthenticationError():
            kind = OutcomeKind.MISCONFIGURED if error.smtp_code >= 500 else OutcomeKind.UNAVAILABLE
            return Outcome(kind, f"the mail server refuses our login ({error.smtp_code})")
        case smtplib.SMTPResponseException():
            return Outcome(OutcomeKind.UNAVAILABLE, f"the mail server refuses us ({error.smtp_code})")
    return Outcome(OutcomeKind.UNAVAILABLE, f"the mail server cannot be reached ({_short(error, exchange)})")


def _short(error: Exception, exchange: Exchange) -> str:
    # A connection that is cut off ends like one that the server has ended.
    return "TimeoutError" if exchange.seconds_left() <= 0 else type(error).__name__
