"""What a request that is not done is answered with."""

from pydantic import BaseModel, Field

from otp_worker.domain.limits import Limit
from otp_worker.domain.message import MessageStatus
from otp_worker.domain.verification import VerificationStatus

TYPE = "urn:otp-worker:problem:"
"""How the type of every problem begins; a name that never changes, and no address."""


class FieldErrorBody(BaseModel):
    """One thing that is wrong with one field."""

    field: str
    detail: str


class ProblemBody(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(
        description=f"`{TYPE}` and a word that never changes; the header `Link` leads to its explanation."
    )
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldErrorBody] | None = None
    id: str | None = Field(None, description="The verification or message that the problem is about.")
    verification_status: VerificationStatus | None = Field(
        None, description="The status that the verification ended with."
    )
    message_status: MessageStatus | None = Field(None, description="The status that the message ended with.")
    limit: Limit | None = Field(None, description="The limit that is reached.")
    bucket: str | None = Field(None, description="The bucket of the app's own that is full.")
