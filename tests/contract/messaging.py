"""An app that has its own texts sent, over the service of the other tests."""

from dataclasses import dataclass

from sqlalchemy import select

from otp_worker.deliver.result import Result
from otp_worker.domain.app import App
from otp_worker.domain.message import MessageStatus, Priority, status_at
from otp_worker.domain.verification import Verification
from otp_worker.issue.messages import MessageRequest, Messenger
from otp_worker.store.schema import verifications as rows
from tests.contract.service import NUMBER, SHOP, Service

TEXT = "Your table is ready, Ms Lovelace"
OTHER = "+447400123457"


def messenger(service: Service) -> Messenger:
    """What the wiring would build; a worker has said that it can open what is sealed."""
    service.announce_seal_keys()
    issuer = service.issuer
    return Messenger(
        db=service.db,
        drafts=issuer.drafts,
        writer=issuer.writer,
        pauses=issuer.pauses,
        sealer=service.sealer,
        may_accept=lambda: True,
    )


@dataclass
class Texting:
    """Asks for messages, and sees what becomes of them."""

    service: Service
    app: App = SHOP

    def __post_init__(self) -> None:
        self.messenger = messenger(self.service)

    def ask(self, to: str = NUMBER, text: str = TEXT, **fields: object) -> Verification:
        """Have a text sent; a notice by ``notice=True``."""
        if fields.pop("notice", False):
            fields["priority"] = Priority.NOTICE
        request = MessageRequest(to, text, **fields)  # type: ignore[arg-type]
        return self.messenger.issue(request, self.app, self.service.clock()).verification

    def attempt(self, message: Verification) -> Result:
        """Make one attempt at it."""
        return self.service.deliverer.deliver(f"{message.id}.1")

    def sent(self, **fields: object) -> Verification:
        """A message that the gateway took."""
        message = self.ask(**fields)  # type: ignore[arg-type]
        self.attempt(message)
        return message

    def read(self, message: Verification) -> Verification:
        """As the database has it now."""
        return self.messenger.read(message.id, self.app)

    def status(self, message: Verification) -> MessageStatus:
        """Where it stands now."""
        return status_at(self.read(message), self.service.clock())


def sealed(service: Service, message_id: str) -> bytes | None:
    """What of a message's text its row holds."""
    with service.db.read() as connection:
        found: bytes | None = connection.execute(
            select(rows.c.sealed).where(rows.c.id == message_id)
        ).scalar_one()
    return found
