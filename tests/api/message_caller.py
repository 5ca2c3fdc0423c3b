"""An app that has texts of its own sent."""

from typing import Any

from falcon import App
from falcon.testing import Result

from otp_worker.domain.app import KeyScope
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller
from tests.api.service import Service
from tests.contract.service import NUMBER

MESSAGES = "/v1/messages"


TEXT = "Your table is ready, Ms Lovelace"


def texting(app: "App[Any, Any]", service: Service, name: str = "shop", *, test: bool = False) -> Caller:
    scopes = frozenset({KeyScope.MESSAGE})
    return Caller(app, ApiKeys(service.db).create(name, service.clock(), test=test, scopes=scopes))


def ask(caller: Caller, key: str | None = None, /, **fields: object) -> Result:
    headers = {"Idempotency-Key": key} if key else None
    return caller.simulate_post(MESSAGES, json={"to": NUMBER, "text": TEXT, **fields}, headers=headers)


def read(caller: Caller, answer: Result) -> Any:
    return caller.simulate_get(answer.headers["Location"]).json
