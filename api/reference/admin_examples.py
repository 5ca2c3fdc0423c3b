"""An example of every request and answer of ``/v1/admin``."""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.pumping import PumpedKind

from ..schemas.admin import ErasedBody, PauseBody, PausesBody, UnlockedBody
from ..schemas.apps import AppBody, AppsBody
from ..schemas.templates import ShownTextBody, TemplateBody, TemplatesBody
from .example_values import AT, MASKED, NUMBER, Requests, at

_PAUSE = PauseBody(
    name="country_c9a1",
    kind=PumpedKind.COUNTRY,
    label="GB",
    app="shop",
    state="paused",
    reason="3 of 184 codes were entered in the last hour; usually 86 % are",
    paused_at=AT,
    paused_until=at(3600),
    exempt_until=None,
)
_SET = {"shown_name": "Corner Shop", "code_length": 8}
_APP = AppBody.model_validate(
    {"name": "shop", "keys": 2, "created_at": AT, "updated_at": at(60), **_SET},
)

_TEXTS = {
    "de": "{name}: Ihr Code für Bestellung {order} ist {code}.",
    "en": "{name}: your code for order {order} is {code}.",
}
_TEMPLATE = TemplateBody(
    name="order",
    version=3,
    in_use=True,
    default_locale="en",
    alphabet="gsm7",
    fields={"order": 8},
    texts=_TEXTS,
    shown=[
        ShownTextBody(
            locale="de",
            alphabet="gsm7",
            characters=57,
            segments=1,
            text="Corner Shop: Ihr Code für Bestellung xxxxxxxx ist 123456.",
        ),
        ShownTextBody(
            locale="en",
            alphabet="gsm7",
            characters=52,
            segments=1,
            text="Corner Shop: your code for order xxxxxxxx is 123456.",
        ),
    ],
    created_at=AT,
)

ADMIN_REQUESTS: dict[str, Requests] = {
    "exemptFromPauses": {"country": ("No pause of a country for a day", {"target": "GB", "hours": 24})},
    "unlockNumber": {"number": ("A number", {"to": NUMBER})},
    "forgetNumber": {"number": ("A number", {"to": NUMBER})},
    "createApp": {"named": ("A name of its own in the SMS", {"name": "shop", **_SET})},
    "changeApp": {"set": ("One set, another unset", {"code_length": 8, "limit": None})},
    "defineTemplate": {
        "languages": (
            "Two languages and a field",
            {"texts": _TEXTS, "default_locale": "en", "fields": {"order": 8}},
        ),
        "default": (
            "Russian in its own letters",
            {"texts": {"ru": "{name}: код {code}, {life}."}, "alphabet": "auto"},
        ),
    },
}

ADMIN_ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "listPauses": {"paused": PausesBody(pauses=[_PAUSE])},
    "exemptFromPauses": {
        "exempt": _PAUSE.model_copy(
            update={"state": "exempt", "app": None, "paused_until": None, "exempt_until": at(86400)}
        )
    },
    "unlockNumber": {"unlocked": UnlockedBody(to=MASKED)},
    "forgetNumber": {"erased": ErasedBody(to=MASKED, verifications=3, replies=1)},
    "listApps": {"apps": AppsBody(apps=[_APP])},
    "createApp": {"made": _APP},
    "getApp": {"app": _APP},
    "changeApp": {"changed": _APP},
    "listTemplates": {"templates": TemplatesBody(templates=[_TEMPLATE])},
    "getTemplate": {"template": _TEMPLATE},
    "defineTemplate": {"defined": _TEMPLATE},
    "removeTemplate": {"removed": _TEMPLATE.model_copy(update={"in_use": False})},
}
