"""A delivery in a worker's hand, and over what it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from otp_worker.domain import message
from otp_worker.domain.app_settings import NOTHING_SET, AppSettings
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import EMAIL, EMAIL_ROUTE


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with all that is needed to send it.

    It goes to the ``number``, or by the route of e-mails to the address ``email``. ``created_at`` is when it
    was asked for; ``sim`` is that of its last attempt; ``earlier_sims`` are those of the verification's other
    deliveries. ``steps`` wait for what settles it, to be written with that.
    """

    delivery_id: str
    attempt: int
    lease_until: datetime
    abandoned: int
    uncertain: int
    created_at: datetime
    deadline_at: datetime
    sim: str | None
    earlier_sims: tuple[str, ...]
    verification_id: str
    app: str
    test: bool
    number: str | None
    number_hash: bytes
    country: str
    language: str
    template: str | None
    key_id: str
    code_key_id: str | None
    code_length: int
    derivation: int | None
    seed: bytes | None
    sealed: bytes | None
    hashed: bool
    ttl_seconds: int
    last_expiry_at: datetime
    trace_context: str | None = None
    app_settings: AppSettings = NOTHING_SET
    locale: str | None = None
    template_version: int | None = None
    template_fields: Mapping[str, str] = field(default_factory=dict)
    android_hash: str | None = None
    channel: str = "sms"
    priority: str | None = None
    route: str = ""
    email: str | None = None
    steps: list[Step] = field(default_factory=list, compare=False)

    @property
    def is_message(self) -> bool:
        """Whether its text is its app's, and nothing is checked."""
        return self.channel == message.CHANNEL

    @property
    def is_notice(self) -> bool:
        """Whether it may wait for a time of day at which it disturbs nobody; a test key's reaches nobody."""
        return self.priority == message.Priority.NOTICE and not self.test

    @property
    def goes_by_email(self) -> bool:
        """Whether it is an e-mail, and no SMS."""
        return self.route == EMAIL_ROUTE or (self.route == SANDBOX and self.channel == EMAIL)

    @property
    def address(self) -> str:
        """The number, or the address, that it goes to."""
        return (self.email if self.goes_by_email else self.number) or ""

    @property
    def identities(self) -> list[str]:
        """What stands for its person wherever wishes are kept."""
        email = EmailAddress(self.email).identity if self.email else None
        return [each for each in (self.number, email) if each]

    def step(self, at: datetime, kind: StepKind, **more: Any) -> Step:
        """A step of this delivery."""
        return Step.of(self.delivery_id, at, kind, **more)


@dataclass(frozen=True, slots=True)
class Via:
    """Over which gateway and SIM an attempt was made."""

    gateway: str
    sim: str | None
