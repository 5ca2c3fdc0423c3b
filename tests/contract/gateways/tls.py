"""A gateway on loopback that takes a whole request over TLS and then ends the connection as it is told."""

import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ALERT, _APPLICATION_DATA = 21, 23


def _record(kind: int, payload: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(payload).to_bytes(2, "big") + payload


def _reset(plain: socket.socket) -> None:
    # Linger 0: the close is a reset.
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


ENDS: dict[str, Callable[[socket.socket], object]] = {
    "closed without a word": lambda plain: None,
    "reset": _reset,
    "an answer that is not encrypted": lambda plain: plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "an alert": lambda plain: plain.sendall(_record(_ALERT, b"\x02\x50")),
    "a record that cannot be read": lambda plain: plain.sendall(_record(_APPLICATION_DATA, os.urandom(32))),
}
"""How a connection can end after the request was taken, all below TLS."""


def make_certificate(folder: Path) -> Path:
    """A certificate of localhost that it signed itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


class TlsStub:
    """Takes one request a connection; ``end`` is what it does then, below TLS."""

    def __init__(self, certificate: Path, end: Callable[[socket.socket], object]) -> None:
        self.requests: list[bytes] = []
        self._end = end
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    @property
    def url(self) -> str:
        """The base that an adapter is given."""
        return f"https://localhost:{self._listener.getsockname()[1]}/v1"

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(5)
            # A client that does not trust the certificate ends the handshake.
            with raw, suppress(ssl.SSLError):
                self._answer(self._context.wrap_socket(raw, server_side=True))

    def _answer(self, encrypted: ssl.SSLSocket) -> None:
        with encrypted:
            self.requests.append(self._receive(encrypted))
            with socket.socket(fileno=encrypted.detach()) as plain:
                self._end(plain)

    @staticmethod
    def _receive(connection: ssl.SSLSocket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.splitlines() if line.lower().startswith(b"content-length")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body
