"""The pages that are one list each: replies, keys, and what operators did."""

import falcon

from otp_worker.domain.reply import ReplyKind
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store import audit, stored_replies
from otp_worker.store.database import Database

from .pages import Pages

SHOWN = 200
_MEANINGS = {
    ReplyKind.STOP: "wants no SMS any more",
    ReplyKind.START: "wants SMS again",
    ReplyKind.REPORT: "asked for no code: the number is locked",
    ReplyKind.APPROVED: "proved the number",
    ReplyKind.OTHER: "is for support",
}


class Replies:
    """What people texted back."""

    def __init__(self, pages: Pages, db: Database) -> None:
        self._pages = pages
        self._db = db

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The last of them, the newest first."""
        found = stored_replies.newest(self._db, SHOWN)
        self._pages.show(req, resp, "replies.html", replies=found, meanings=_MEANINGS)

    on_head = on_get


class Keys:
    """The API keys, without what would be needed to use them."""

    def __init__(self, pages: Pages, api_keys: ApiKeys) -> None:
        self._pages = pages
        self._api_keys = api_keys

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Every key, the newest first."""
        self._pages.show(req, resp, "keys.html", keys=self._api_keys.list())

    on_head = on_get


class Audit:
    """What operators did here."""

    def __init__(self, pages: Pages, db: Database) -> None:
        self._pages = pages
        self._db = db

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The last of it, the newest first."""
        self._pages.show(req, resp, "audit.html", entries=audit.newest(self._db, SHOWN))

    on_head = on_get
