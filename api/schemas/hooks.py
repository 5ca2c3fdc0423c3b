"""What is posted to a hook, in the words of the system that posts it, and what that system is answered."""

from pydantic import BaseModel, ConfigDict, Field

from otp_worker.domain.hook import Hook, HookedText
from otp_worker.issue.messages import MessageRequest

from ..request_body import read_object
from .messages import MessageBody


class HookBody(BaseModel):
    """Whatever the system writes: the hook knows where the number and the text stand in it."""

    model_config = ConfigDict(extra="allow")


class HookErrorBody(BaseModel):
    """An error that Supabase passes on to its app."""

    http_code: int = Field(examples=[429])
    message: str = Field(examples=["Too many codes were asked for. Try again in 30 seconds."])


class HookAnswerBody(BaseModel):
    """That it is accepted: `id` of the message, and nothing for Supabase. Or why not, for Supabase alone."""

    id: str | None = Field(None, examples=["msg_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    error: HookErrorBody | None = None


def message_of(hook: Hook, asked: HookedText, request_id: str) -> MessageRequest:
    """What a hook is asked for as a message, held to all that a message is. Raises InvalidFieldsError."""
    given = {
        "to": asked.to,
        "text": asked.text,
        "expires_in_seconds": hook.expires_in_seconds,
        "user": asked.user,
        "ip": asked.ip,
    }
    body = read_object(given, MessageBody)
    return MessageRequest(**body.model_dump(), request_id=request_id)
