"""Pages: templates filled in, with autoescape always on."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from otp_worker.domain.ports import Clock

from . import words
from .guard import is_signed_in
from .zones import zone_of

_HERE = Path(__file__).parent
STATIC_FOLDER = _HERE / "static"
_STATIC_FILES = ("console.css", "console.js")

NAVIGATION = (
    ("/", "Overview"),
    ("/find", "Find"),
    ("/sims", "SIMs"),
    ("/countries", "Countries"),
    ("/conversions", "Conversion"),
    ("/webhooks", "Webhooks"),
    ("/replies", "Replies"),
    ("/apps", "Apps"),
    ("/keys", "Keys"),
    ("/audit", "Audit"),
)


@cache
def _templates() -> Environment:
    """The templates, read and compiled once."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    static = {name: _versioned(name) for name in _STATIC_FILES}
    environment.globals.update(navigation=NAVIGATION, static=static, state_of=words.state_of)
    return environment


class Pages:
    """The console's pages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def show(self, req: falcon.Request, resp: falcon.Response, template: str, **values: Any) -> None:
        """Fill in a template for who asks."""
        context = req.context
        session = context.session
        resp.content_type = falcon.MEDIA_HTML
        resp.text = (
            _templates()
            .get_template(template)
            .render(
                nonce=context.nonce,
                csrf=session.csrf if session else "",
                login=session.login if is_signed_in(req) else "",
                here=_section(req.path),
                now=self._clock(),
                zone=zone_of(req),
                **values,
            )
        )


def _section(path: str) -> str:
    """Which of the navigation's entries a path belongs to."""
    first = f"/{path.split('/')[1]}"
    return _BESIDE.get(first, first)


_BESIDE = {"/verifications": "/find", "/endpoints": "/webhooks", "/new-app": "/apps"}
"""Paths that belong to another entry than that of their own name."""


def _versioned(name: str) -> str:
    """The URL of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
