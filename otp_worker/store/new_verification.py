"""A verification before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from otp_worker.domain.limits import Bucket
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.verification import EMAIL, EMAIL_ROUTE


@dataclass(frozen=True, slots=True)
class NewVerification:
    """A verification as it is first written; ``number_hashes`` are under each root secret, newest first.

    One by e-mail has an ``email`` in place of a ``number``, and its hashes in place of the number's.
    """

    id: str
    app: str
    test: bool
    number: str | None
    number_hashes: Sequence[bytes]
    number_masked: str
    block_hash: bytes
    country: str
    user: str | None
    channel: str
    template: str | None
    language: str
    ip_hash: bytes | None
    key_id: str
    code_length: int
    seed: bytes | None
    max_checks: int
    ttl_seconds: int
    created_at: datetime
    expires_at: datetime
    last_expiry_at: datetime
    resend_at: datetime
    token_hash: bytes | None = None
    derivation: int | None = None
    request_id: str | None = None
    trace_context: str | None = None
    locale: str | None = None
    purpose: str | None = None
    client_reference: str | None = None
    tags: Mapping[str, str] | None = None
    sealed: bytes | None = None
    buckets: Sequence[Bucket] = ()
    template_version: int | None = None
    template_fields: Mapping[str, str] | None = None
    android_hash: str | None = None
    code_hash: bytes | None = None
    link_hashes: Sequence[bytes] = ()
    email: str | None = None

    @property
    def identity(self) -> str:
        """What stands for its number, or its address where it has none, before that is hashed."""
        return self.number or EmailAddress(self.email or "").identity

    @property
    def route(self) -> str:
        """The route of its deliveries."""
        if self.test:
            return SANDBOX
        return EMAIL_ROUTE if self.channel == EMAIL else self.country

    @property
    def number_hash(self) -> bytes:
        """What stands for its number, under the newest root secret."""
        return self.number_hashes[0]

    @property
    def link_hash(self) -> bytes | None:
        """What stands for its payment, under the newest root secret."""
        return self.link_hashes[0] if self.link_hashes else None
