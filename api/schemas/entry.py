"""Links to the hosted entry page, and what comes back of them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from otp_worker.domain.entry_link import LONGEST_RETURN_URL, EntryLink, Outcome
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS

from .fields import LOCALES, Incoming, Ip, To
from .limits import GivenBuckets
from .references import GivenReferences, Printable
from .templates import Fields

_RETURN_URL = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_RETURN_URL, pattern=r"^[!-~]+$")
]


class _NewEntryLink(Incoming):
    to: To
    return_url: _RETURN_URL = Field(
        description="Where the person goes back to, with `result` added: a URL of your app's web_origin.",
        examples=["https://shop.example/signed-in?flow=17"],
    )
    expires_in_seconds: int = Field(900, ge=60, le=3600, description="How long the link may be used.")
    user: Annotated[str, Printable, StringConstraints(min_length=1, max_length=128)] | None = Field(
        None, description="The app's own reference to its user."
    )
    template: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = Field(
        None, description="As in a send."
    )
    fields: Fields | None = Field(
        None,
        description="A value for each field that your app's template declares.",
        examples=[{"order": "A-17"}],
    )
    locale: Annotated[str, StringConstraints(pattern=LOCALES, max_length=200)] | None = Field(
        None,
        description="The language of the SMS and of the page. Without it the page goes by the browser's.",
        examples=["de-AT"],
    )
    ip: Ip = None
    ttl_seconds: int | None = Field(None, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS)
    code_length: int | None = Field(None, ge=MIN_LENGTH, le=MAX_LENGTH)


class NewEntryLinkBody(GivenBuckets, GivenReferences, _NewEntryLink):
    """What the person may ask for on the page: the fields of a send, and where they go back to."""


class EntryLinkBody(BaseModel):
    """A link, told this once."""

    id: str
    url: str = Field(
        description="Where your app redirects the person's browser to. It is a secret of theirs."
    )
    expires_at: datetime
    result_secret: str = Field(
        description="The result is a JWT that is signed with this (HS256). Keep it on your server, if at "
        "all: whoever redeems the result need not check it."
    )


class RedeemBody(Incoming):
    """What the person came back with."""

    result: Annotated[str, StringConstraints(min_length=1, max_length=2048)] = Field(
        description="The parameter `result` of your return_url.", examples=["eyJhbGciOiJIUzI1NiIs..."]
    )


class EntryResultBody(BaseModel):
    """What the person did, told this once."""

    id: str
    outcome: Outcome = Field(
        description="`approved`: the right code was entered here. `not_my_number`: the person says that it "
        "is somebody else's number."
    )
    verification_id: str | None = Field(description="Null where no code was asked for.")
    user: str | None
    decided_at: datetime

    @classmethod
    def of(cls, link: EntryLink, user: str | None) -> "EntryResultBody":
        """The result of a link that has one. Raises LookupError."""
        if link.outcome is None or link.outcome_at is None:
            raise LookupError(f"{link.id} has no outcome")
        return cls(
            id=link.id,
            outcome=link.outcome,
            verification_id=link.verification_id,
            user=user,
            decided_at=link.outcome_at,
        )
