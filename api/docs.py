"""``/``, ``/docs`` and ``/openapi.json``, from this package's own files, so that they work offline."""

import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import falcon

from .problem_help import PROBLEMS, ProblemHelp

STATIC = Path(__file__).parent / "static"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)

STATIC_PATH = "/docs/static"
_YEAR_SECONDS = 365 * 24 * 3600
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))).hexdigest()[:16]
"""Changes with every change of a file: pages name it, so that browsers may keep the files for good."""


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
        page = (STATIC / self.name).read_text()
        self._page = re.sub(rf'"({STATIC_PATH}/[^"]+)"', rf'"\1?v={VERSION}"', page)

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


class Problems(_Page):
    """What each problem type means; the type's last word is its anchor."""

    name = "problems.html"

    def __init__(self) -> None:
        super().__init__()
        sections = "\n".join(_section(code, known) for code, known in PROBLEMS.items())
        self._page = self._page.replace("<!-- problems -->", sections)


def _section(code: str, known: ProblemHelp) -> str:
    return (
        f'<section id="{code}">\n<h2><a href="#{code}">{code}</a> <small>{known.status}</small></h2>\n'
        f"<p>{escape(known.cause)}</p>\n<p><strong>What to do:</strong> {escape(known.fix)}</p>\n</section>"
    )


class StaticCache:
    """Lets browsers keep the pages' scripts and styles: for good by their version, else to ask again."""

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: Any, _ok: bool) -> None:
        """Name how long a file may be kept; an error never is."""
        if req.path.startswith(f"{STATIC_PATH}/") and resp.status_code in (200, 206, 304):
            known = req.params.get("v") == VERSION
            kept = f"public, max-age={_YEAR_SECONDS}, immutable" if known else "no-cache"
            resp.set_header("Cache-Control", kept)
