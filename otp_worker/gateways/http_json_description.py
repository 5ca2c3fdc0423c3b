"""What describes a gateway that takes JSON over HTTP, and what is wrong with a description."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from otp_worker.gateways.account import Account
from otp_worker.gateways.json_shape import placeholders

FILLINGS = ("to", "text", "reference", "callback_url", "sender", "slot", "life_seconds")
"""What a body may name in braces."""

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]\S*", value):
        raise ValueError("not an http:// or https:// URL")
    return value


def _path(value: str) -> str:
    if not all(value.split(".")):
        raise ValueError("not a path: write the names down to the value with dots between them")
    return value


Address = Annotated[str, AfterValidator(_address)]
"""A whole URL."""
Path = Annotated[str, AfterValidator(_path)]
"""Where a value stands in a JSON object, such as ``data.messages.0.id``."""
Statuses = tuple[Annotated[int, Field(ge=200, le=599)], ...]
Words = tuple[Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, to_lower=True)], ...]


class HttpJsonDescription(Account):
    """A gateway to which an SMS is one POST of JSON.

    ``headers`` may name {key}; ``body`` may name what FILLINGS lists, and must name {to} and {text}. A status
    in none of the four lists means what it usually does; one in ``refused`` is about the message alone, and
    raises no alarm. Paths lead into the JSON object that is answered, or posted to us; ``sent`` and the other
    lists have its words for what became of an SMS.
    """

    kind: Literal["http_json"] = "http_json"
    url: Address
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    body: dict[str, JsonValue] | list[JsonValue]
    message_id: Path | None = None

    accepted: Statuses = Field((200, 201, 202), min_length=1)
    refused: Statuses = ()
    unavailable: Statuses = ()
    throttled: Statuses = ()

    probe_url: Address | None = None

    receipt_id: Path | None = None
    receipt_reference: Path | None = None
    receipt_status: Path | None = None
    sent: Words = ()
    delivered: Words = ()
    undelivered: Words = ()
    unreachable: Words = ()

    reply_from: Path | None = None
    reply_text: Path | None = None
    reply_at: Path | None = None
    reply_to: Path | None = None
    reply_id: Path | None = None

    signature_header: str | None = Field(None, min_length=1)
    signature_prefix: str = ""

    @property
    def named(self) -> set[str]:
        """The placeholders in the body."""
        return placeholders(self.body)

    @property
    def filled_headers(self) -> dict[str, str]:
        """The headers with the key in them."""
        key = self.key.get_secret_value()
        return {name: value.replace("{key}", key) for name, value in self.headers.items()}

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for wrong in (self._body, self._headers, self._lists, self._receipts, self._replies, self._signature):
            if reason := next(iter(wrong()), None):
                raise ValueError(reason)
        return self

    def _body(self) -> Iterable[str]:
        known = ", ".join(f"{{{name}}}" for name in FILLINGS)
        for name in sorted(self.named - set(FILLINGS)):
            yield f"body: {{{name}}} is no placeholder; there are {known}"
        for name in ("to", "text"):
            if name not in self.named:
                yield f"body: {{{name}}} is missing; put it where the gateway wants it"

    def _headers(self) -> Iterable[str]:
        for name, value in self.filled_headers.items():
            if not _HEADER.fullmatch(name):
                yield f"headers: {name!r} is no header's name"
            if placeholders(self.headers[name]) - {"key"}:
                yield f"headers: {name} has something in braces that is not {{key}}; there is nothing else"
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                yield f"headers: {name}, or key, has blanks around it or characters that no header may have"

    def _lists(self) -> Iterable[str]:
        yield from self._overlaps("accepted", "refused", "unavailable", "throttled")
        yield from self._overlaps("sent", "delivered", "undelivered", "unreachable")

    def _overlaps(self, *names: str) -> Iterable[str]:
        owners: dict[object, str] = {}
        for name in names:
            for each in getattr(self, name):
                owner = owners.setdefault(each, name)
                if owner != name:
                    yield f"{owner} and {name} both list {each}: keep it in one of them"

    def _receipts(self) -> Iterable[str]:
        words = self.sent + self.delivered + self.undelivered + self.unreachable
        told_by_id = self.receipt_id and self.message_id
        told_by_reference = self.receipt_reference and "reference" in self.named
        if self.receipt_status is None:
            if words or self.receipt_id or self.receipt_reference:
                yield "receipt_status: is missing; say where a receipt tells what became of the SMS"
        elif not words:
            yield "receipt_status: list its words in sent, delivered, undelivered or unreachable"
        elif not (told_by_id or told_by_reference or "callback_url" in self.named):
            yield (
                "receipt_status: nothing tells which SMS a receipt is for; put {callback_url} into body, or "
                "{reference} with receipt_reference, or give message_id with receipt_id"
            )

    def _replies(self) -> Iterable[str]:
        given = {
            name for name in type(self).model_fields if name.startswith("reply_") and getattr(self, name)
        }
        for name in ("reply_from", "reply_text", "reply_at"):
            if given and name not in given:
                yield f"{name}: is missing; a reply is read by reply_from, reply_text and reply_at together"

    def _signature(self) -> Iterable[str]:
        if self.signature_header is None and self.webhook_secret:
            yield "signature_header: is missing; say which header has what webhook_secret signs"
        if self.signature_header is None and self.signature_prefix:
            yield "signature_header: is missing; signature_prefix is of no use without it"
        if self.signature_header is not None and not _HEADER.fullmatch(self.signature_header):
            yield "signature_header: is no header's name"
