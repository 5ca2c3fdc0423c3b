"""What each system posts to its hook, and what it is answered."""

from collections.abc import Mapping

from pydantic import BaseModel

from ..schemas.hooks import HookAnswerBody, HookErrorBody
from .example_values import NUMBER, Requests
from .message_examples import MESSAGE_ID

PLAIN_EXAMPLE = "The message cannot be sent now. Try again later."

_TEXT = "Your code is 123456"

HOOK_REQUESTS: dict[str, Requests] = {
    "callHook": {
        "supabase": (
            "Supabase: a code, signed as Standard Webhooks says",
            {
                "metadata": {
                    "uuid": "0196f3a0-4d2b-7c11-9a55-2f0c1c9d7e42",
                    "time": "2026-03-01T12:00:00Z",
                    "name": "send-sms",
                    "ip_address": "203.0.113.7",
                },
                "user": {"id": "8b1f6a52-4c1e-4f0d-9d54-0f6d1f0b1c2d", "phone": NUMBER.lstrip("+")},
                "sms": {"otp": "123456", "phone": NUMBER.lstrip("+")},
            },
        ),
        "authentik": (
            "authentik: provider Generic",
            {"From": "Corner Shop", "To": NUMBER, "Body": "123456", "Message": _TEXT},
        ),
        "keycloak": ("Keycloak: 2FA SMS", {"text": _TEXT, "to": NUMBER, "from": "Corner Shop"}),
        "zitadel": (
            "Zitadel: an HTTP provider, signed in ZITADEL-Signature",
            {
                "contextInfo": {
                    "eventType": "session.otp.sms.challenged",
                    "provider": {"id": "285181292935381355", "description": "otp-worker"},
                    "recipientPhoneNumber": NUMBER,
                },
                "templateData": {"text": _TEXT},
                "args": {"code": "123456"},
            },
        ),
        "kratos": ("Kratos: channel sms", {"recipient": NUMBER, "body": _TEXT}),
    },
}

HOOK_ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "callHook": {
        "accepted": HookAnswerBody(id=MESSAGE_ID),
        "accepted, to Supabase": HookAnswerBody(),
        "refused, to Supabase": HookAnswerBody(
            error=HookErrorBody(
                http_code=429, message="Too many codes were asked for. Try again in 30 seconds."
            )
        ),
    }
}
