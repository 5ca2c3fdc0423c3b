"""The calls of the entry page: an app's, which stand in the OpenAPI document, and the page's own."""

from otp_worker.domain.app import KeyScope
from otp_worker.domain.entry_link import ResultRedeemedError
from otp_worker.domain.errors import CountryNotAllowedError, NotFoundError

from ..route import Route
from ..schemas.entry import EntryLinkBody, EntryResultBody, NewEntryLinkBody, RedeemBody
from .links import PATH, EntryLinks
from .page import EntryPage

_PAGE = f"{PATH}/{{token}}"

ENTRY_ROUTES = (
    Route(
        "POST",
        "/v1/entry-links",
        EntryLinks,
        scope=KeyScope.SEND,
        name="createEntryLink",
        summary="Make a link to the entry page",
        body=NewEntryLinkBody,
        answer=EntryLinkBody,
        status=201,
        raises=(NotFoundError, CountryNotAllowedError),
        tag="entry page",
    ),
    Route(
        "POST",
        "/v1/entry-links/{link_id}/result",
        EntryLinks,
        "result",
        scope=KeyScope.CHECK,
        name="redeemEntryResult",
        summary="Redeem what the person came back with",
        body=RedeemBody,
        answer=EntryResultBody,
        raises=(NotFoundError, ResultRedeemedError),
        tag="entry page",
    ),
    Route("GET", _PAGE, EntryPage),
    *(Route("POST", f"{_PAGE}/{act}", EntryPage, act) for act in ("send", "resend", "check", "decline")),
)
