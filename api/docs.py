"""``/``, ``/docs`` and ``/openapi.json``, from this package's own files, so that they work offline."""

import json
from html import escape
from pathlib import Path
from typing import Any

import falcon

STATIC = Path(__file__).parent / "static"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)


class OpenApi:
    """The API's description, OpenAPI 3.1."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = json.dumps(document)

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """The whole document."""
        resp.text = self._document

    on_head = on_get


class _Page:
    """A page of this package; its scripts and styles come from ``/docs/static``."""

    name: str

    def __init__(self) -> None:
        self._page = (STATIC / self.name).read_text()

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """The page, under a policy that lets nothing in from elsewhere."""
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", _CSP)
        resp.text = self._page

    on_head = on_get


class Docs(_Page):
    """The API's description to read and try."""

    name = "docs.html"


class Home(_Page):
    """What answers here, for whoever opens the address in a browser; a demo adds its first steps."""

    name = "home.html"
    _DEMO = "<!-- demo -->\n"

    def __init__(self, welcome_url: str | None = None) -> None:
        super().__init__()
        link = (
            f'<li><a href="{escape(welcome_url)}">The first steps with this demo</a></li>\n'
            if welcome_url
            else ""
        )
        self._page = self._page.replace(self._DEMO, link)
