"""Asking before something is done, and saying afterwards what came of it."""

from collections.abc import Mapping

import falcon

from .pages import Pages


def confirm(
    pages: Pages,
    req: falcon.Request,
    resp: falcon.Response,
    *,
    question: str,
    effect: str,
    yes: str,
    back: str,
    fields: Mapping[str, str] | None = None,
) -> None:
    """A page with one question; its form posts to the page's own address, with ``fields``."""
    pages.show(
        req,
        resp,
        "confirm.html",
        question=question,
        effect=effect,
        yes=yes,
        back=back,
        fields=dict(fields or {}),
    )


def done(resp: falcon.Response, back: str, entry_id: str) -> None:
    """Go back to a page, which says what came of it: ``entry_id`` names its row of the audit."""
    resp.status = falcon.HTTP_303
    resp.location = f"{back}?done={entry_id}"
