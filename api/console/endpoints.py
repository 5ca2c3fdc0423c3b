"""An app's endpoint: how it fares, what it was told, and telling it again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import falcon

from otp_worker.domain.endpoint import Endpoint
from otp_worker.domain.errors import NotFoundError
from otp_worker.operations.endpoints import Endpoints
from otp_worker.store import audit

from .acts import Acts
from .confirmations import confirm, done
from .pages import Pages

SHOWN = 100
REPLAYED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Act:
    """Something that can be done to an endpoint: what is asked first, and what is said afterwards."""

    action: str
    question: str
    effect: str
    yes: str
    said: str
    do: Callable[[Endpoints, str], object]


_ACTS = {
    "test": _Act(
        "test an endpoint",
        "Post a test?",
        "The endpoint is told of an endpoint.test, which is tried again as any event.",
        "Post it",
        "A test is posted now.",
        lambda endpoints, endpoint_id: endpoints.test(None, endpoint_id),
    ),
    "enable": _Act(
        "enable an endpoint",
        "Enable this endpoint?",
        "It is told of what happens from now on, and of what waits for it.",
        "Enable it",
        "It is told of events again.",
        lambda endpoints, endpoint_id: endpoints.change(None, endpoint_id, {"disabled": False}),
    ),
    "disable": _Act(
        "disable an endpoint",
        "Disable this endpoint?",
        "It is told of nothing more. What happens meanwhile can be told later.",
        "Disable it",
        "It is told of nothing more.",
        lambda endpoints, endpoint_id: endpoints.change(None, endpoint_id, {"disabled": True}),
    ),
    "replay": _Act(
        "replay events",
        "Tell it what it missed?",
        "Everything of the last day that it did not take is told, each event under its own id.",
        "Tell it",
        "It is being told what it missed within the last day.",
        lambda endpoints, endpoint_id: endpoints.replay(None, endpoint_id, endpoints.clock() - REPLAYED),
    ),
}


class EndpointPage:
    """One endpoint with its last events."""

    def __init__(self, pages: Pages, endpoints: Endpoints, acts: Acts) -> None:
        self._pages = pages
        self._endpoints = endpoints
        self._acts = acts

    def on_get(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str) -> None:
        """How it fares, and what it was told or is to be."""
        found = self._endpoints.find(None, endpoint_id)
        self._pages.show(
            req,
            resp,
            "endpoint.html",
            endpoint=found,
            state=state_of(found),
            events=self._endpoints.events(None, found.id, SHOWN),
            said=audit.of_login(self._endpoints.db, req.get_param("done"), req.context.session.login),
        )

    on_head = on_get

    def on_get_act(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, act: str) -> None:
        """Ask before it is done."""
        self._endpoints.find(None, endpoint_id)
        wanted = _known(act)
        confirm(
            self._pages,
            req,
            resp,
            question=wanted.question,
            effect=wanted.effect,
            yes=wanted.yes,
            back=f"/endpoints/{endpoint_id}",
        )

    on_head_act = on_get_act

    def on_post_act(self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, act: str) -> None:
        """Do it."""
        found, wanted = self._endpoints.find(None, endpoint_id), _known(act)

        def perform() -> str:
            wanted.do(self._endpoints, found.id)
            return wanted.said

        self._done(req, resp, wanted.action, found.id, found.id, perform)

    def on_get_again(
        self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, event_id: str
    ) -> None:
        """Ask before it is done."""
        found = self._endpoints.event(None, endpoint_id, event_id)
        confirm(
            self._pages,
            req,
            resp,
            question=f"Send {found.type} again?",
            effect="It is posted at once, under the id that it has.",
            yes="Send again",
            back=f"/endpoints/{endpoint_id}",
        )

    on_head_again = on_get_again

    def on_post_again(
        self, req: falcon.Request, resp: falcon.Response, endpoint_id: str, event_id: str
    ) -> None:
        """Have it posted once more."""
        found = self._endpoints.event(None, endpoint_id, event_id)

        def perform() -> str:
            self._endpoints.send_again(None, endpoint_id, found.id)
            return "It is posted now."

        self._done(req, resp, "send again", endpoint_id, found.id, perform)

    def _done(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        action: str,
        endpoint_id: str,
        subject: str,
        act: Callable[[], str],
    ) -> None:
        entry_id = self._acts.perform(req.context.session.login, action, subject, act)
        done(resp, f"/endpoints/{endpoint_id}", entry_id)


def state_of(endpoint: Endpoint) -> tuple[str, str]:
    """The colour of an endpoint, and how it fares in a few words."""
    if endpoint.disabled_at is not None:
        return "bad", f"disabled: {endpoint.disabled_reason}"
    if endpoint.failing_since is not None:
        return "look", "takes nothing"
    return "good", "works"


def _known(act: str) -> _Act:
    if act not in _ACTS:
        raise NotFoundError("there is no such page")
    return _ACTS[act]
