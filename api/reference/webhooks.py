"""The events that the service posts to the operator's webhook, as OpenAPI 3.1 ``webhooks`` describe them."""

from typing import Any

from otp_worker.domain.endpoint import GONE
from otp_worker.domain.event import MEANINGS, TEST

from .endpoint_examples import ENDPOINT_ID
from .example_values import AT, MASKED, NUMBER
from .examples import ID
from .message_examples import MESSAGE_ID

_DESCRIPTION = """{when}

The operator sets the address (`OTP_REPLY_WEBHOOK_URL`). Each post is signed with `OTP_REPLY_WEBHOOK_SECRET`
by [Standard Webhooks](https://www.standardwebhooks.com): check the signature over the raw body, and refuse a
timestamp that is minutes old. A 2xx alone means taken. Anything else is repeated with the same `webhook-id`
for a day, so handle an id once."""

_APP_DESCRIPTION = """{when}

It is posted to the endpoints that an app has made with `POST /v1/webhook-endpoints`. Each post is signed
with the endpoint's secret by [Standard Webhooks](https://www.standardwebhooks.com): check the signature over
the raw body, and refuse a timestamp that is minutes old. A 2xx alone means taken, and a 410 disables the
endpoint. Anything else is repeated with the same `webhook-id` for three days, so handle an id once, and go by
`timestamp` for the order."""

APP = "endpoint:"
"""Before the name of what an app's endpoints are told."""
_AT_RISK = {"codes_waiting": 3, "first_ends_at": AT.isoformat()}
_REPLY = {
    "id": "rep_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F",
    "verification_id": ID,
    "app": "shop",
    "user": "user-17",
    "purpose": "payment",
    "client_reference": "order-1017",
    "tags": {"campaign": "spring"},
    "from": NUMBER,
    "from_masked": MASKED,
    "text": "Who is this?",
    "gateway": "office",
    "meaning": "other",
    "received_at": AT.isoformat(),
}

EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "reply.received": ("A person wrote something that is for support.", _REPLY),
    "number.reported": (
        "A person says that they did not ask for the code: look at the account of `user`.",
        {**_REPLY, "reply_id": _REPLY["id"], "text": "Not me!", "meaning": "report"},
    ),
    "phone.silent": (
        "A phone is away.",
        {"gateway": "office", "reason": "no paired phone is online", "battery_percent": 40, **_AT_RISK},
    ),
    "phone.back": (
        "A phone is back.",
        {"gateway": "office", "reason": None, "battery_percent": 40, **_AT_RISK},
    ),
    "phone.battery_low": (
        "A phone is at 15 % or less.",
        {"gateway": "office", "reason": None, "battery_percent": 14, **_AT_RISK},
    ),
    "gateway.misconfigured": (
        "A gateway refuses the account.",
        {"gateway": "office", "reason": "the gateway account is not active (tenant_inactive)", **_AT_RISK},
    ),
    "gateway.back": (
        "A gateway takes the account again.",
        {"gateway": "office", "since": AT.isoformat(), **_AT_RISK},
    ),
    "sim.budget_low": (
        "A SIM has used 90 % of its budget of the day or the month.",
        {"sim": "gb1", "budget": "day", "used": 90, "of": 100, **_AT_RISK},
    ),
    "sim.budget_back": (
        "A SIM has budget again.",
        {"sim": "gb1", "budget": "day", "used": 0, "of": 100, **_AT_RISK},
    ),
    "conversion.halved": (
        "In a country at most half as many codes are entered as usual.",
        {"country": "GB", "sends": 30, "approvals": 3, "usual_percent": 80, **_AT_RISK},
    ),
    "conversion.back": (
        "In a country codes are entered as usual again.",
        {"country": "GB", "sends": 30, "approvals": 25, "usual_percent": 80, **_AT_RISK},
    ),
    "guard.paused": (
        "Sends to a block or a country are paused, or would be (`observed`): it looks like SMS pumping.",
        {
            "kind": "country",
            "app": "shop",
            "observed": False,
            "name": "country_c9a1",
            "label": "GB",
            "reason": "3 of 184 codes were entered in the last hour; usually 86 % are",
            "sends": 184,
            "approvals": 3,
            "paused_until": AT.isoformat(),
            **_AT_RISK,
        },
    ),
    "canary.lost": (
        "A test SMS between two of your SIMs did not arrive.",
        {"from_sim": "gb1", "to_sim": "gb2", **_AT_RISK},
    ),
    "canary.back": (
        "Test SMS arrive there again.",
        {"from_sim": "gb1", "to_sim": "gb2", **_AT_RISK},
    ),
    "endpoint.failing": (
        "An app's endpoint took no event for 12 hours.",
        {
            "endpoint": ENDPOINT_ID,
            "app": "shop",
            "reason": "nothing was taken since 2026-03-01 00:00Z (503)",
            **_AT_RISK,
        },
    ),
    "endpoint.disabled": (
        "An app's endpoint is told of nothing more.",
        {"endpoint": ENDPOINT_ID, "app": "shop", "reason": GONE, **_AT_RISK},
    ),
    "canary.failed": (
        "A SIM could not send its test SMS.",
        {"from_sim": "gb1", "to_sim": "gb2", "reason": "no paired phone is online", **_AT_RISK},
    ),
}
"""Each event: when it is posted, and an example of its data."""

_SUBJECT = {
    "id": ID,
    "to": MASKED,
    "country": "GB",
    "channel": "sms",
    "user": "user-17",
    "purpose": "payment",
    "client_reference": "order-1017",
    "tags": {"campaign": "spring"},
}
_MORE: dict[str, dict[str, Any]] = {
    "sent": {"sms": 1},
    "delivered": {"sms": 1},
    "undelivered": {"sms": 1, "reason": "the gateway reports it as not delivered"},
    "check_failed": {"checks_left": 4},
    "locked": {"status": "max_checks_reached", "reason": "too many wrong codes"},
    "expired": {"status": "expired", "reason": "its time was over"},
    "failed": {"status": "failed", "reason": "the gateway refuses this message"},
    "canceled": {"status": "canceled", "reason": None},
    "reported": {"text": "Not me!"},
    "opted_out": {"text": "STOP"},
    "opted_in": {"text": "START"},
    "received": {"text": "Who is this?"},
}
_AS_MESSAGE = {"id": MESSAGE_ID, "channel": "message", "purpose": None}


def _example(name: str) -> dict[str, Any]:
    subject = _SUBJECT | (_AS_MESSAGE if name.startswith("message.") else {})
    return subject | _MORE.get(name.partition(".")[2], {})


APP_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (meaning, _example(name)) for name, meaning in MEANINGS.items()},
    TEST: ("Somebody tries the endpoint.", {"endpoint": ENDPOINT_ID, "app": "shop"}),
}
"""Each event of an app's endpoints: when it is posted, and an example of its data."""

_HEADERS = {
    "webhook-id": "The event's id; the same however often it is posted.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`.",
}

EVENT_SCHEMA = {
    "type": "object",
    "title": "EventBody",
    "description": "One event.",
    "properties": {
        "type": {"type": "string", "enum": list(dict.fromkeys((*EVENTS, *APP_EVENTS)))},
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When it is told; for an app's endpoint, when it happened.",
        },
        "data": {"type": "object", "description": "What happened. A field may be added at any time."},
    },
    "required": ["type", "timestamp", "data"],
}


def webhooks() -> dict[str, Any]:
    """Every event as a path item; those of an app's endpoints have a prefix."""
    of_operator = {name: {"post": _operation(name, name, _DESCRIPTION, *EVENTS[name])} for name in EVENTS}
    of_apps = {
        f"{APP}{name}": {"post": _operation(name, f"{APP}{name}", _APP_DESCRIPTION, *event)}
        for name, event in APP_EVENTS.items()
    }
    return of_operator | of_apps


def _operation(name: str, unique: str, description: str, when: str, data: dict[str, Any]) -> dict[str, Any]:
    example = {"type": name, "timestamp": AT.isoformat(), "data": data}
    content = {"schema": {"$ref": "#/components/schemas/EventBody"}, "example": example}
    return {
        "operationId": f"event.{unique}",
        "summary": when.replace("`", ""),
        "description": description.format(when=when),
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for header, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "2XX": {"description": "Taken."},
            "default": {"description": "Not taken: it is posted again."},
        },
    }
