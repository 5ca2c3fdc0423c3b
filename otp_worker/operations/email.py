"""Telling support by e-mail: one plain-text message for each notice, over the operator's SMTP server."""

import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from otp_worker.operations.smtp_url import SmtpServer
from otp_worker.store.notifications import Notice

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Hands each notice to an SMTP server; a notice that is told again has the same Message-ID."""

    server: SmtpServer
    sender: str
    recipient: str

    def tell(self, notice: Notice, data: Mapping[str, object], now: datetime) -> str | None:
        """Hand it in: None if the server took it."""
        try:
            with self._connect() as connection:
                connection.send_message(self._message(notice, data, now))
        except (OSError, smtplib.SMTPException) as error:
            # What a server says may repeat an address or what it was given.
            return type(error).__name__
        return None

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        if server.scheme == "smtps":
            tls = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            if server.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _message(self, notice: Notice, data: Mapping[str, object], now: datetime) -> EmailMessage:
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
        message.set_content("\n".join([notice.type, "", *lines, ""]))
        return message


def _shown(value: object) -> str:
    """On one line, so that no text can be taken for another field."""
    if value is None:
        return "-"
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value)
