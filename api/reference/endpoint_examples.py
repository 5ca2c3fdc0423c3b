"""An example of every request and answer of ``/v1/webhook-endpoints``."""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.endpoint import GONE
from otp_worker.store.endpoint_events import EventState

from ..schemas.endpoints import (
    EndpointBody,
    EndpointEventBody,
    EndpointEventsBody,
    EndpointsBody,
    EndpointSecretBody,
)
from .example_values import AT, Requests, at

ENDPOINT_ID = "ep_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
EVENT_ID = "evt_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
_URL = "https://shop.example/otp-events"
_CHOSEN = ["verification.approved", "verification.failed"]
_ENDPOINT = EndpointBody(
    id=ENDPOINT_ID,
    url=_URL,
    events=_CHOSEN,
    clear_numbers=False,
    disabled_at=None,
    disabled_reason=None,
    failures=0,
    failing_since=None,
    previous_secret_until=None,
    replay_since=None,
    created_at=AT,
    updated_at=AT,
)
_GONE = _ENDPOINT.model_copy(update={"failures": 1, "failing_since": at(60), "updated_at": at(60)})
_GONE = _GONE.model_copy(update={"disabled_at": at(60), "disabled_reason": GONE})
_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
_TAKEN = EndpointEventBody(
    id=EVENT_ID,
    type="verification.approved",
    verification_id="ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F",
    at=AT,
    state=EventState.TAKEN,
    attempts=2,
    answer="2xx",
    next_attempt_at=None,
    taken_at=at(8),
)
_WAITING = _TAKEN.model_copy(
    update={
        "state": EventState.WAITING,
        "attempts": 0,
        "answer": "503",
        "next_attempt_at": at(600),
        "taken_at": None,
    }
)
_TEST = _WAITING.model_copy(update={"type": "endpoint.test", "verification_id": None, "answer": None})

ENDPOINT_REQUESTS: dict[str, Requests] = {
    "createEndpoint": {
        "chosen": ("Two events", {"url": _URL, "events": _CHOSEN}),
        "all": ("Every event, with whole numbers", {"url": _URL, "clear_numbers": True}),
    },
    "changeEndpoint": {
        "events": ("Every event from now on", {"events": None}),
        "enabled": ("Enable it again", {"disabled": False}),
    },
    "rotateSecret": {"overlap": ("Both sign for an hour", {"overlap_seconds": 3600})},
    "replayEvents": {"since": ("Since noon", {"since": "2026-03-01T12:00:00Z"})},
}

ENDPOINT_ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "listEndpoints": {"endpoints": EndpointsBody(endpoints=[_ENDPOINT])},
    "createEndpoint": {"made": EndpointSecretBody(**dict(_ENDPOINT), secret=_SECRET)},
    "getEndpoint": {"well": _ENDPOINT, "disabled": _GONE},
    "changeEndpoint": {"changed": _ENDPOINT.model_copy(update={"events": None})},
    "removeEndpoint": {"removed": _ENDPOINT},
    "rotateSecret": {
        "rotated": EndpointSecretBody(
            **{**dict(_ENDPOINT), "previous_secret_until": at(3600)}, secret=_SECRET
        )
    },
    "testEndpoint": {"waiting": _TEST},
    "replayEvents": {"begun": _ENDPOINT.model_copy(update={"replay_since": AT})},
    "listEvents": {"page": EndpointEventsBody(events=[_TAKEN], next_cursor=None)},
    "getEvent": {"taken": _TAKEN},
    "sendEventAgain": {"waiting": _WAITING},
}
