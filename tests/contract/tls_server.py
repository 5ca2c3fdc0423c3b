"""A server behind TLS with a certificate that nobody signed but itself."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from otp_worker.devtools.processes.ports import LOOPBACK

Talk = Callable[[ssl.SSLSocket], None]
Prelude = Callable[[socket.socket], None]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback and its key, as files."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", f"subjectAltName=DNS:localhost,IP:{LOOPBACK}"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@contextmanager
def serving(certificate: Path, key: Path, talk: Talk, prelude: Prelude | None = None) -> Iterator[int]:
    """The port of a server that shakes hands and then talks; ``prelude`` comes before the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def answer(client: socket.socket) -> None:
        with suppress(OSError), client:
            if prelude is not None:
                prelude(client)
            with context.wrap_socket(client, server_side=True) as secure:
                talk(secure)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server((LOOPBACK, 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        # Wakes the thread that accepts.
        listener.shutdown(socket.SHUT_RDWR)


def passing_to(port: int) -> Talk:
    """Pass what is said on to a server without TLS, and back."""

    def talk(secure: ssl.SSLSocket) -> None:
        with socket.create_connection((LOOPBACK, port)) as plain:
            secure.settimeout(0.01)
            plain.settimeout(0.01)
            while True:
                for source, sink in ((secure, plain), (plain, secure)):
                    with suppress(TimeoutError):
                        said = source.recv(65536)
                        if not said:
                            return
                        sink.sendall(said)

    return talk
