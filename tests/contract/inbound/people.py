"""People who text the operator's number, and what is told of them."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from otp_worker.domain.app import App
from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import Senders
from otp_worker.issue.issuer import Issuer
from otp_worker.store import stored_replies
from otp_worker.store.schema import notices
from tests.contract.service import NUMBER, ROOT_SECRET, Service

OTHER = "+447400654321"
REHEARSING = App("shop", test=True)
LOCK_SECONDS = 3600


@dataclass
class People:
    """Those who got an SMS, texting back."""

    service: Service
    published: list[str] = field(default_factory=list)
    _texted: int = 0

    def publish(self, notice_id: str) -> bool:
        self.published.append(notice_id)
        return True

    def text(
        self,
        text: str,
        number: str = NUMBER,
        *,
        at: datetime | None = None,
        key: str | None = None,
        to: str | None = None,
    ) -> None:
        """One SMS, of which the gateway tells."""
        self._texted += 1
        now = self.service.clock()
        reply = Reply(number, text, None, at or now, key or f"sms {self._texted}", to)
        answering = Replies(
            self.service.db,
            self.service.keyring,
            REPLY_LANGUAGES,
            LOCK_SECONDS,
            Outbox(("webhook", "email"), self.publish),
            senders=Senders(self.service.policy.countries, self.service.sims),
        )
        answering.take("obedient", reply, now)

    @property
    def did(self) -> list[ReplyKind]:
        """What each reply did, the first one first."""
        return [each.meaning for each in reversed(stored_replies.newest(self.service.db, 100))]

    @property
    def told(self) -> list[tuple[str, str]]:
        """The type and the channel of each notice."""
        with self.service.db.read() as connection:
            found = connection.execute(select(notices.c.type, notices.c.channel).order_by(notices.c.id))
            return [(row.type, row.channel) for row in found]


def opted_out(service: Service, number: str = NUMBER) -> bool:
    try:
        service.issue(number)
    except OptedOutError:
        return True
    return False


class BlindKeyring(Keyring):
    """Finds nothing that is known of a number already."""

    def number_hashes(self, number: str) -> list[bytes]:
        return [b"nobody"]


def blind(service: Service) -> Issuer:
    """An intake that asked what is known of a number a moment too early."""
    return service.issuer_with(BlindKeyring([ROOT_SECRET]))
