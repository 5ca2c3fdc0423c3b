"""Callbacks: what a gateway tells after the hand-over, authenticated before it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from otp_worker.domain.errors import NotFoundError, UnauthenticatedError
from otp_worker.domain.gateway import CallbackRequest, Gateway, Receipt, Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.receipt_spans import trace_receipt
from otp_worker.inbound.replies import Replies
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.store import receipts
from otp_worker.store.database import Database

log = structlog.get_logger()


def inbound_subject(gateway: str) -> str:
    """What the token of a gateway's forward-all webhook is made for."""
    return f"inbound:{gateway}"


def delivery_subject(gateway: str, delivery_id: str) -> str:
    """What the token of one delivery's receipts from one gateway is made for."""
    return f"delivery:{gateway}:{delivery_id}"


def callback_url(
    public_url: str | None,
    keyring: Keyring,
    gateway: str,
    delivery_id: str,
    *,
    for_older_versions: bool = False,
) -> str | None:
    """The URL for one delivery's receipts; None where this service cannot be reached from outside.

    One ``for_older_versions`` is good at a web of version 0.1 too, whose tokens name no gateway.
    """
    subject = delivery_id if for_older_versions else delivery_subject(gateway, delivery_id)
    token = f"{delivery_id}.{keyring.callback_token(subject)}"
    return f"{public_url}/v1/callbacks/{gateway}/{token}" if public_url else None


def inbound_url(public_url: str, keyring: Keyring, gateway: str) -> str:
    """The URL to register at the gateway for inbound messages."""
    return f"{public_url}/v1/callbacks/{gateway}/{keyring.callback_token(inbound_subject(gateway))}"


@dataclass(frozen=True, slots=True)
class CallbackSource:
    """Who posts a callback, by its URL; ``delivery_id`` is None for the gateway's forward-all webhook."""

    gateway: Gateway
    delivery_id: str | None


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Takes callbacks in; ``answering`` is what takes the replies."""

    db: Database
    keyring: Keyring
    gateways: Mapping[str, Gateway]
    answering: Replies
    canaries: Canaries
    breaker: Breaker
    tracer: Tracer = NO_TRACING

    def authenticate(self, gateway: str, token: str) -> CallbackSource:
        """Who posts to the URL with this gateway and token; needs nothing of the request's body.

        Raises NotFoundError (no such gateway) and UnauthenticatedError.
        """
        called = self.gateways.get(gateway)
        if called is None:
            raise NotFoundError("there is no gateway of that name")
        delivery_id, dot, mac = token.rpartition(".")
        if dot and self._is_of_delivery(gateway, delivery_id, mac):
            return CallbackSource(called, delivery_id)
        if not dot and self.keyring.callback_token_is_good(inbound_subject(gateway), token):
            return CallbackSource(called, None)
        raise UnauthenticatedError("the callback's token is wrong")

    def receive(self, source: CallbackSource, request: CallbackRequest, now: datetime) -> None:
        """Check the signature, read, and take note; a repeat changes nothing. Raises UnauthenticatedError."""
        called, delivery_id = source.gateway, source.delivery_id
        signed = called.signature_is_good(request, now)
        must_be_signed = called.capabilities.signature
        if signed is False or (delivery_id is None and must_be_signed and signed is not True):
            raise UnauthenticatedError("the callback's signature is missing or wrong")
        if called.is_sign_of_life(request):
            self.breaker.show_life(called.name, now)
        events = called.read_callback(request)
        if delivery_id is not None and any(isinstance(event, Reply) for event in events):
            # The gateway and everybody on the way to it know this token, and it need not be signed.
            raise UnauthenticatedError("the token of a delivery is good for its receipts alone")
        for event in events:
            if isinstance(event, Receipt):
                self._take_receipt(called, event, delivery_id, now)
            else:
                self._take_reply(called, event, now)

    def _is_of_delivery(self, gateway: str, delivery_id: str, mac: str) -> bool:
        """Whether a MAC was made for the receipts of a delivery that is still kept."""
        if self.keyring.callback_token_is_good(delivery_subject(gateway, delivery_id), mac):
            return receipts.is_kept(self.db, delivery_id)
        # One that older versions take too names no gateway: the row says whose receipts it is good for.
        if self.keyring.callback_token_is_good(delivery_id, mac):
            return receipts.is_kept(self.db, delivery_id, gateway)
        return False

    def _take_receipt(
        self, called: Gateway, receipt: Receipt, delivery_id: str | None, now: datetime
    ) -> None:
        found, moved = receipts.take_in(self.db, called.name, receipt, delivery_id, now)
        verification = found.rpartition(".")[0] if found else None
        told = {"verification": verification, "delivery": found, "kind": receipt.kind.value, "moved": moved}
        log.info("receipt", **told)
        trace_receipt(self.tracer, self.db, found, receipt.kind)

    def _take_reply(self, called: Gateway, reply: Reply, now: datetime) -> None:
        if not self.canaries.arrive(reply, now):
            self.answering.take(called.name, reply, now)
