"""Telling support by e-mail: one plain-text message for each notice, over the operator's SMTP server."""

import json
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from otp_worker.gateways.network_deadline import cut_off, resolve
from otp_worker.operations.smtp_server import SmtpServer
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
            with self._connect(deadline) as sock, cut_off(sock, deadline - time.monotonic()):
                self._hand_in(sock, self._message(notice, data, now))
        except (OSError, smtplib.SMTPException) as error:
            # What a server says may repeat an address or what it was given.
            return "TimeoutError" if time.monotonic() >= deadline else type(error).__name__
        return None

    def _connect(self, deadline: float) -> socket.socket:
        failure = OSError("no address")
        for family, kind, protocol, _, address in resolve(
            self.server.host, self.server.port, TIMEOUT_SECONDS
        ):
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def _hand_in(self, sock: socket.socket, message: EmailMessage) -> None:
        server = self.server
        if server.scheme == "smtps":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=server.host)
        with _Connected(sock, server) as connection:
            if server.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user is not None:
                connection.login(server.user, server.password or "")
            connection.send_message(message)

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


class _Connected(smtplib.SMTP):
    """A client over a socket that is connected already. It says hello by its address and asks no resolver."""

    def __init__(self, sock: socket.socket, server: SmtpServer) -> None:
        self._connected = sock
        literal = sock.getsockname()[0]
        name = f"[IPv6:{literal}]" if ":" in literal else f"[{literal}]"
        super().__init__(server.host, server.port, local_hostname=name)

    def _get_socket(self, *_: object) -> socket.socket:
        return self._connected


def _shown(value: object) -> str:
    """On one line, so that no text can be taken for another field."""
    if value is None:
        return "-"
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value)
