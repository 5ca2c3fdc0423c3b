"""``/v1/webhook-endpoints``: where an app is told of events."""

import falcon

from otp_worker.domain.app import App
from otp_worker.operations import endpoints
from otp_worker.store.endpoint_events import LoggedEvent

from .request_body import read_body, read_query
from .schemas.endpoints import (
    EndpointBody,
    EndpointChangesBody,
    EndpointEventBody,
    EndpointEventsBody,
    EndpointsBody,
    EndpointSecretBody,
    EventsQuery,
    NewEndpointBody,
    ReplayBody,
    RotationBody,
)

_PATH = "/v1/webhook-endpoints"


class Endpoints:
    """The endpoints of an app, and one of them."""

    def __init__(self, endpoints: endpoints.Endpoints) -> None:
        self._endpoints = endpoints

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """All of them."""
        shown = [EndpointBody.of(each) for each in self._endpoints.all(_app(req))]
        resp.text = EndpointsBody(endpoints=shown).model_dump_json()

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make one; its secret is shown this once."""
        body = read_body(req, NewEndpointBody)
        made = self._endpoints.create(_app(req), body.url, body.events, clear_numbers=body.clear_numbers)
        resp.status = 201
        resp.set_header("Location", f"{_PATH}/{made.endpoint.id}")
        resp.text = EndpointSecretBody.shown(made).model_dump_json()

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """One of them."""
        resp.text = EndpointBody.of(self._endpoints.find(_app(req), endpoint_id)).model_dump_json()

    on_head_one = on_get_one

    def on_patch_one(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """Change what the body names."""
        body = read_body(req, EndpointChangesBody)
        changed = self._endpoints.change(_app(req), endpoint_id, body.changes())
        resp.text = EndpointBody.of(changed).model_dump_json()

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """Forget it, and what it was told."""
        found = self._endpoints.find(_app(req), endpoint_id)
        self._endpoints.remove(_app(req), endpoint_id)
        resp.text = EndpointBody.of(found).model_dump_json()

    def on_post_rotate(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """Replace its secret."""
        overlap = read_body(req, RotationBody).overlap_seconds
        rotated = self._endpoints.rotate(_app(req), endpoint_id, overlap)
        resp.text = EndpointSecretBody.shown(rotated).model_dump_json()

    def on_post_test(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """Have it told of a test."""
        resp.status = 202
        _show(resp, self._endpoints.test(_app(req), endpoint_id))

    def on_post_replay(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """Have it told of what it missed."""
        since = read_body(req, ReplayBody).since
        resp.status = 202
        resp.set_header("Location", f"{_PATH}/{endpoint_id}")
        resp.text = EndpointBody.of(self._endpoints.replay(_app(req), endpoint_id, since)).model_dump_json()


class EndpointEvents:
    """What an endpoint was told of, or is to be."""

    def __init__(self, endpoints: endpoints.Endpoints) -> None:
        self._endpoints = endpoints

    def on_get(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """The events, newest first."""
        query = read_query(req, EventsQuery)
        found = self._endpoints.events(
            _app(req), endpoint_id, query.limit + 1, before=query.cursor, state=query.state
        )
        resp.text = EndpointEventsBody.of(found, query.limit).model_dump_json()

    on_head = on_get

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, event_id: str) -> None:
        """One of them."""
        found = self._endpoints.event(_app(req), endpoint_id, event_id)
        resp.text = EndpointEventBody.of(found).model_dump_json()

    on_head_one = on_get_one

    def on_post_send(
        self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, event_id: str
    ) -> None:
        """Have it posted at once."""
        again = self._endpoints.send_again(_app(req), endpoint_id, event_id)
        resp.status = 202
        _show(resp, again)


def _show(resp: falcon.Response, event: LoggedEvent) -> None:
    resp.set_header("Location", f"{_PATH}/{event.endpoint_id}/events/{event.id}")
    resp.text = EndpointEventBody.of(event).model_dump_json()


def _app(req: falcon.Request) -> str:
    app: App = req.context.app
    return app.name
