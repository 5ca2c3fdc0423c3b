"""TLS in front of the simulated phone, with a certificate of our own."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from otp_worker.devtools.chaos.proxy import Proxy
from otp_worker.devtools.processes.ports import LOOPBACK

HOST = "localhost"
LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TlsFront:
    """What stands before the phone: ``outer`` sees only bytes, ``inner`` ends TLS and sees the requests."""

    outer: Proxy
    inner: Proxy
    certificate: Path


@contextmanager
def tls_front(folder: Path, port: int) -> Iterator[TlsFront]:
    """TLS before a port of this machine; the certificate to trust is written to ``folder``."""
    certificate = write_certificate(folder.absolute())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ExitStack() as parts:
        inner = parts.enter_context(Proxy(port, tls=context))
        outer = parts.enter_context(Proxy(inner.port))
        yield TlsFront(outer, inner, certificate)


def write_certificate(folder: Path) -> Path:
    """A key and a certificate for this machine, signed by itself, in one file that only we can read."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A client whose clock was stepped must take it too: what is tried here is not its dates.
        .not_valid_before(now - LIFE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "gateway.pem"
    file.touch(mode=0o600)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return file
