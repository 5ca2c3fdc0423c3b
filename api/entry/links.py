"""``/v1/entry-links``: an app makes a link for its person, and redeems what they come back with."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta

import falcon
import structlog
from ulid import ULID

from otp_worker.domain.app import App, KeyScope
from otp_worker.domain.entry_link import (
    EntryKeys,
    EntryLink,
    EntryRequest,
    ResultRedeemedError,
    refuse_elsewhere,
)
from otp_worker.domain.errors import InvalidFieldError, NotFoundError, ScopeMissingError
from otp_worker.issue.request import SendRequest
from otp_worker.service.assembly import Intake
from otp_worker.store import entry_links

from ..request_body import read_body
from ..schemas.entry import EntryLinkBody, EntryResultBody, NewEntryLinkBody, RedeemBody

PATH = "/entry"
_ID = re.compile(r"lnk_[0-9A-Z]{26}")
_NONCE_BYTES = 12
_NOT_OF_THE_SEND = {"return_url", "expires_in_seconds"}


class EntryLinks:
    """The links of an app; without a ``url`` there is no page to lead to."""

    def __init__(self, intake: Intake, url: str | None) -> None:
        self._intake = intake
        self._url = url
        self._keys = EntryKeys(intake.issuer.drafts.keyring)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a link."""
        url = self._page()
        app: App = req.context.app
        body = read_body(req, NewEntryLinkBody)
        refuse_elsewhere(body.return_url, app.settings.web_origin)
        key_hash = self._intake.api_keys.hash_of(req.get_header("Authorization"))
        link = self._new(body, app, key_hash)
        entry_links.insert_link(self._intake.db, link)
        structlog.contextvars.bind_contextvars(entry_link=link.id)
        resp.status = 201
        resp.text = EntryLinkBody(
            id=link.id,
            url=f"{url}{PATH}/{self._keys.token(link.id)}",
            expires_at=link.expires_at,
            result_secret=self._keys.result_secret(link.id),
        ).model_dump_json()

    def on_post_result(self, req: falcon.Request, resp: falcon.Response, link_id: str) -> None:
        """Redeem a result, once."""
        url = self._page()
        app: App = req.context.app
        body = read_body(req, RedeemBody)
        link = self._of(link_id, app)
        if link.outcome is None or not self._keys.is_result_of(body.result, link, url, app.plain_name):
            raise InvalidFieldError("result", "this is no result of this link")
        if not entry_links.redeem(self._intake.db, link.id, self._intake.clock()):
            raise ResultRedeemedError("the result of this link was redeemed before, or is too old")
        asked = EntryRequest.of_json(self._keys.open(link.sealed, link.id))
        resp.text = EntryResultBody.of(link, asked.send["user"]).model_dump_json()

    def _page(self) -> str:
        if self._url is None:
            raise NotFoundError("there is no entry page here; the operator's OTP_ENTRY_PAGE turns it on")
        return self._url

    def _new(self, body: NewEntryLinkBody, app: App, key_hash: bytes) -> EntryLink:
        """A link for what a send would take. Raises as a send does for what it asks for."""
        if KeyScope.CHECK not in app.scopes:
            raise ScopeMissingError("codes are checked on the page; make a key with --scope check too")
        now = self._intake.clock()
        send = body.model_dump(exclude=_NOT_OF_THE_SEND)
        # Nothing is written: it is judged, so that the app hears of it and not the person.
        draft = self._intake.issuer.drafts.verification(SendRequest(**send), app, now)
        link = EntryLink(
            id=f"lnk_{ULID.from_datetime(now)}",
            app=app.name,
            key_hash=key_hash,
            number_hash=draft.number_hash,
            sealed=b"",
            created_at=now,
            expires_at=now + timedelta(seconds=body.expires_in_seconds),
        )
        asked = EntryRequest(send, draft.number_masked, draft.country, body.return_url)
        sealed = self._keys.seal(asked.to_json(), link.id, secrets.token_bytes(_NONCE_BYTES))
        return replace(link, sealed=sealed)

    def _of(self, link_id: str, app: App) -> EntryLink:
        found = entry_links.find(self._intake.db, link_id) if _ID.fullmatch(link_id) else None
        if found is None or found.app != app.name:
            raise NotFoundError("there is no such link")
        structlog.contextvars.bind_contextvars(entry_link=found.id)
        return found
