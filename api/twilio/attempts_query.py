"""Which attempts are asked for."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.store.trail import MOST, Place

from ..request_body import read_object
from ..schemas.conversions import Country
from ..schemas.fields import Incoming, To
from ..schemas.trail import DEFAULT_LIMIT, Cursor, Instant, place_of
from .forms import Form

PARAMETERS = {
    "DateCreatedAfter": "since",
    "DateCreatedBefore": "until",
    "ChannelData.To": "to",
    "Country": "country",
    "Channel": "channel",
    "VerifyServiceSid": "service",
    "VerificationSid": "verification",
    "Status": "status",
    "PageToken": "cursor",
}


class AttemptsQuery(Incoming):
    """A filter of attempts, and where its page begins."""

    since: Instant | None = None
    until: Instant | None = None
    to: To | None = None
    country: Country | None = None
    channel: Literal["sms"] | None = None
    service: Annotated[str, StringConstraints(max_length=34)] | None = None
    verification: Annotated[str, StringConstraints(max_length=34)] | None = None
    status: Literal["converted", "unconverted"] | None = None
    cursor: Cursor | None = None
    limit: int = DEFAULT_LIMIT

    @property
    def after(self) -> Place | None:
        """Where the page begins."""
        return place_of(self.cursor) if self.cursor is not None else None

    @property
    def parameters(self) -> frozenset[str]:
        """What the link to the next page repeats."""
        return frozenset(PARAMETERS) - {"PageToken"} | {"PageSize"}


def read_attempts_query(form: Form) -> AttemptsQuery:
    """What is asked for. Raises InvalidFieldError; a client may ask for longer pages than there are."""
    given = {field: form.text(name) for name, field in PARAMETERS.items()}
    size = form.number("PageSize") or DEFAULT_LIMIT
    fields = {field: value for field, value in given.items() if value is not None}
    query = read_object({**fields, "limit": min(size, MOST)}, AttemptsQuery)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise InvalidFieldError("since", "is not before DateCreatedBefore")
    return query
