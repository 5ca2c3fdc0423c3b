"""How each system is answered: that its message is accepted, and errors in the shape that it understands."""

from collections.abc import Mapping

import falcon

from otp_worker.domain.hook import Hook, HookErrors

from ..problems import Answer, Failure, answer_with_problem
from ..schemas.hooks import HookAnswerBody, HookErrorBody
from .words import USUAL, for_person


def answer_accepted(hook: Hook, resp: falcon.Response, message_id: str) -> None:
    """Say that a message is accepted. Supabase is told nothing more, as its hook has no other answer."""
    answer = HookAnswerBody(id=None if hook.errors is HookErrors.SUPABASE else message_id)
    resp.text = answer.model_dump_json(exclude_none=True)


def error_shape(hook: Hook) -> Answer:
    """How this hook's errors are answered."""
    return _SHAPES.get(hook.errors, answer_with_problem)


def _as_text(_req: falcon.Request, resp: falcon.Response, failure: Failure) -> None:
    """A sentence alone: authentik shows the whole body to the person."""
    resp.status = failure.status
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = _sentence(resp, failure) or USUAL


def _as_supabase(req: falcon.Request, resp: falcon.Response, failure: Failure) -> None:
    """A 200 with the error in it: of any other status Supabase tells its app nothing.

    What is not the person's affair stays a problem. Supabase asks again after a 429 or 503 with Retry-After.
    """
    sentence = _sentence(resp, failure)
    if sentence is None:
        answer_with_problem(req, resp, failure)
        return
    error = HookErrorBody(http_code=failure.status, message=sentence)
    resp.status = 200
    resp.content_type = falcon.MEDIA_JSON
    resp.text = HookAnswerBody(error=error).model_dump_json(exclude_none=True)


def _sentence(resp: falcon.Response, failure: Failure) -> str | None:
    return for_person(failure.kind, failure.members, resp.get_header("Retry-After"))


_SHAPES: Mapping[HookErrors, Answer] = {HookErrors.TEXT: _as_text, HookErrors.SUPABASE: _as_supabase}
