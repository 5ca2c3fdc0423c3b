"""Where is a code? ``/v1/verifications`` as a list, ``/search`` by number, and ``/timeline`` of one."""

import falcon

from otp_worker.domain.app import App, KeyScope
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.ports import Clock
from otp_worker.operations.trail import Trails

from .path_ids import valid_id
from .request_body import read_body, read_query
from .schemas.trail import ListQuery, SearchBody, TimelineBody, VerificationsBody


def _whose(app: App) -> str | None:
    """The app whose verifications a key may see; None for every app's."""
    return None if KeyScope.ADMIN in app.scopes else app.name


class Listing:
    """The list of verifications, newest first."""

    def __init__(self, trails: Trails, clock: Clock) -> None:
        self._trails = trails
        self._clock = clock

    def answer(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List what the query asks for; raises InvalidFieldsError, for a number in it above all."""
        if "to" in req.params:
            raise InvalidFieldError(
                "to", "a number in a URL ends in logs: POST it to /v1/verifications/search, in the body"
            )
        query = read_query(req, ListQuery)
        page = self._trails.page(query.wanted(_whose(req.context.app)), query.limit, query.after)
        resp.text = VerificationsBody.of(page, self._clock()).model_dump_json()


class Search:
    """The verifications of one number."""

    def __init__(self, trails: Trails, clock: Clock) -> None:
        self._trails = trails
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the verifications of a number, newest first."""
        body = read_body(req, SearchBody)
        wanted = body.wanted(_whose(req.context.app))
        page = self._trails.of_number(body.to, wanted, body.limit, body.after)
        resp.text = VerificationsBody.of(page, self._clock()).model_dump_json()


class Timeline:
    """What happened to one verification."""

    def __init__(self, trails: Trails, clock: Clock) -> None:
        self._trails = trails
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Its plain cause, and its trail."""
        app: App = req.context.app
        trail = self._trails.trail(valid_id(verification_id), _whose(app))
        if trail is None:
            raise NotFoundError("there is no such verification")
        body = TimelineBody.of(trail, self._clock(), for_operators=KeyScope.ADMIN in app.scopes)
        resp.text = body.model_dump_json()

    on_head = on_get
