"""An example of every request and answer of ``/v1/admin``."""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.pumping import PumpedKind

from ..schemas.admin import ErasedBody, PauseBody, PausesBody, UnlockedBody
from ..schemas.apps import AppBody, AppsBody
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

ADMIN_REQUESTS: dict[str, Requests] = {
    "exemptFromPauses": {"country": ("No pause of a country for a day", {"target": "GB", "hours": 24})},
    "unlockNumber": {"number": ("A number", {"to": NUMBER})},
    "forgetNumber": {"number": ("A number", {"to": NUMBER})},
    "createApp": {"named": ("A name of its own in the SMS", {"name": "shop", **_SET})},
    "changeApp": {"set": ("One set, another unset", {"code_length": 8, "limit": None})},
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
}
