"""Events by the real sweeps and tasks, from what happened to a post over a socket."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from otp_worker.operations.endpoints import Endpoints
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.celery_app import EXPIRE, NOTIFY, PURGE, RELEASE, make_celery
from otp_worker.service.tasks import register_tasks
from tests.contract.gateways.stub import Stub, answer
from tests.contract.service import Service


def test_what_happens_is_drawn_published_and_posted(service: Service) -> None:
    published: list[str] = []
    queue: Any = SimpleNamespace(publish_notice=published.append, publish_confirmation=published.append)
    parts = replace(service.worker(), queue=queue)
    app = make_celery("memory://")
    register_tasks(app, lambda: parts)
    ApiKeys(service.db).create("shop", service.clock())
    with Stub() as shop:
        endpoints = Endpoints(service.db, service.keyring, service.clock, private=True)
        endpoint = endpoints.create("shop", shop.url).endpoint
        service.sent()
        shop.answers += [answer(204, None)] * 2
        assert app.tasks[EXPIRE]().endswith("2 events to tell")
        app.tasks[RELEASE]()
        assert published == [endpoint.id]
        assert app.tasks[NOTIFY](endpoint.id) == "2 taken"
        posted = [json.loads(request.decode().partition("\r\n\r\n")[2]) for request in shop.requests]
    assert [each["type"] for each in posted] == ["verification.created", "verification.sent"]
    assert app.tasks[NOTIFY](endpoint.id) == "0 taken"
    app.tasks[PURGE]()
    assert app.tasks[NOTIFY]("ep_nothing") == "there is no such endpoint"
