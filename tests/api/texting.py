"""People who answer to an SMS, and what is kept of it."""

from otp_worker.store.receipts import StoredReply, newest_replies
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import WEBHOOK_SECRET, Service


def texts(gateway: CallingGateway, text: str) -> None:
    """The person answers with these words."""
    assert gateway.tell(gateway.inbound, {**REPLY, "text": text}, WEBHOOK_SECRET).status_code == 204


def kept(service: Service) -> list[StoredReply]:
    """The replies in the database."""
    return newest_replies(service.db, 10)
