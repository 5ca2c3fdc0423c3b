"""What stands at the other end of a callback."""

import hashlib
import hmac
import json

from falcon.testing import Result

from otp_worker.inbound.callbacks import callback_url, inbound_url
from tests.api.client import Caller
from tests.api.service import GATEWAY, Service

REPLY = {
    "event": "message.received",
    "from": "447400123456",
    "text": "who are you?",
    "deviceId": "phone-1",
    "receivedAt": "2026-03-01T12:00:00Z",
}


class CallingGateway:
    """What stands at the other end: it knows its URLs and, in the inbound webhook, the secret."""

    def __init__(self, caller: Caller, service: Service) -> None:
        self._caller = caller
        self._keyring = service.keyring

    def path_of(self, verification_id: str) -> str:
        """Where the receipts of the first SMS are posted."""
        url = callback_url("http://us", self._keyring, GATEWAY, f"{verification_id}.1") or ""
        return url.removeprefix("http://us")

    @property
    def inbound(self) -> str:
        """Where replies are posted."""
        return inbound_url("", self._keyring, GATEWAY)

    def tell(self, path: str, event: object, secret: str | None = None) -> Result:
        """Post an event, signed where there is a secret to sign with."""
        return self.post(path, json.dumps(event).encode(), secret)

    def post(self, path: str, body: bytes, secret: str | None = None) -> Result:
        """Post these bytes."""
        headers = {"X-MAC-Signature": signature(body, secret)} if secret else {}
        return self._caller.simulate_post(path, body=body, headers=headers)


def signature(body: bytes, secret: str) -> str:
    """As the vendor signs."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
