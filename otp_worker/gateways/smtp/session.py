"""A conversation with the server that takes our e-mail; it ends in time.

Before TLS with a certificate that is verified nothing is said to it but hello, unless its URL asks for none.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from otp_worker.gateways.network_deadline import cut_off, resolve
from otp_worker.gateways.smtp.server import SmtpServer


@contextmanager
def smtp_session(server: SmtpServer, deadline: float) -> Iterator[smtplib.SMTP]:
    """A conversation that can begin with MAIL: connected, behind TLS and logged in, as the URL has it.

    At ``deadline``, an instant of the monotonic clock, it is cut off, whatever is being said. Raises OSError
    and smtplib.SMTPException.
    """
    with _connect(server, deadline) as sock, cut_off(sock, deadline - time.monotonic()):
        if server.scheme == "smtps":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=server.host)
        connection = _Connected(sock, server)
        try:
            if server.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user is not None:
                connection.login(server.user, server.password or "")
            connection.ehlo_or_helo_if_needed()
            yield connection
            with suppress(OSError, smtplib.SMTPException):
                # Its answer is not waited for: what was handed in is to be written down.
                connection.putcmd("QUIT")
        finally:
            connection.close()


def _connect(server: SmtpServer, deadline: float) -> socket.socket:
    failure = OSError("no address")
    for family, kind, protocol, _, address in resolve(
        server.host, server.port, max(deadline - time.monotonic(), 0)
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


class _Connected(smtplib.SMTP):
    """A client over a socket that is connected already. It says hello by its address and asks no resolver."""

    def __init__(self, sock: socket.socket, server: SmtpServer) -> None:
        self._connected = sock
        literal = sock.getsockname()[0]
        name = f"[IPv6:{literal}]" if ":" in literal else f"[{literal}]"
        super().__init__(server.host, server.port, local_hostname=name)

    def _get_socket(self, *_: object) -> socket.socket:
        return self._connected
