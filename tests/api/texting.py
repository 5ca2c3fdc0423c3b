"""People who answer to an SMS, and what is kept of it."""

from otp_worker.store.stored_replies import StoredReply, newest
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import WEBHOOK_SECRET, Service


def texts(gateway: CallingGateway, text: str) -> None:
    """The person answers with these words."""
    assert gateway.tell(gateway.inbound, {**REPLY, "text": text}, WEBHOOK_SECRET).status_code == 204


def kept(service: Service) -> list[StoredReply]:
    """The replies in the database."""
    return newest(service.db, 10)
