"""Telling support by e-mail: one plain-text message for each notice, over the operator's SMTP server."""

import json
import smtplib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from otp_worker.gateways.smtp.server import SmtpServer
from otp_worker.gateways.smtp.session import smtp_session
from otp_worker.operations.wording import sentence
from otp_worker.store.notifications import Notification

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Hands each notice to an SMTP server; a notice that is told again has the same Message-ID."""

    server: SmtpServer
    sender: str
    recipient: str

    def tell(self, notice: Notification, data: Mapping[str, object], now: datetime) -> str | None:
        """Hand it in: None if the server took it. Everything together ends within ten seconds."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        try:
            message = self._message(notice, data, now)
            with smtp_session(self.server, deadline) as connection:
                connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            # What a server says may repeat an address or what it was given.
            return "TimeoutError" if time.monotonic() >= deadline else type(error).__name__
        return None

    def _message(self, notice: Notification, data: Mapping[str, object], now: datetime) -> EmailMessage:
        # This policy refuses a header with a line break in it; all that people write is in the body.
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = self.recipient
        message["Subject"] = f"otp-worker: {notice.type}"
        message["Date"] = now
        message["Message-ID"] = f"<{notice.id}@{self.sender.rpartition('@')[2]}>"
        # RFC 3834: no auto-responder answers this.
        message["Auto-Submitted"] = "auto-generated"
        lines = [f"{name}: {_shown(value)}" for name, value in data.items()]
        said = sentence(notice.type, data)
        message.set_content("\n".join([notice.type, "", *([_shown(said), ""] if said else []), *lines, ""]))
        return message


def _shown(value: object) -> str:
    """On one line, so that no text can be taken for another field."""
    if value is None:
        return "-"
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value)
