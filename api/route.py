"""One call of the API: what the application and the OpenAPI document are told of it."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import (
    BodyTooLargeError,
    DatabaseUnavailableError,
    InvalidBodyError,
    InvalidFieldsError,
    RequestError,
    ScopeMissingError,
    SlowBodiesError,
    UnauthenticatedError,
)

Errors = tuple[type[RequestError], ...]

_BODY: Errors = (InvalidBodyError, BodyTooLargeError, InvalidFieldsError, SlowBodiesError)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path: who answers it, who may call it, and what goes in and comes out.

    ``body`` and ``query`` are what it takes. ``scope`` is what an API key needs; None needs no key. ``name``
    is the operation's id in the OpenAPI document; None keeps it out of there. ``raises`` are the errors
    beside those of every such route. One that ``rechecks_key`` looks its key up again with what it does. With
    ``plain_errors`` some callers take a sentence in place of a problem.
    """

    method: str
    path: str
    resource: type[Any]
    suffix: str | None = None
    scope: KeyScope | None = None
    name: str | None = None
    summary: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    raises: Errors = ()
    idempotent: bool = False
    rechecks_key: bool = False
    plain_errors: bool = False
    tag: str = "verifications"

    @property
    def errors(self) -> Errors:
        """Everything that this call can be answered with instead of its answer."""
        of_body = _BODY if self.body else ()
        if self.scope is None:
            return (*of_body, *self.raises)
        return (
            UnauthenticatedError,
            ScopeMissingError,
            *of_body,
            *((InvalidFieldsError,) if self.query else ()),
            *self.raises,
            DatabaseUnavailableError,
        )
