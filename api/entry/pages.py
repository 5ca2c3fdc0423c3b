"""The pages: one template filled in, with autoescape always on, and a policy that lets nothing else in."""

import math
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.verification import Verification

from ..problems import Failure
from .desk import COOKIES, EXPIRED, INVALID, USED, Visit
from .words import Words, words_for

_HERE = Path(__file__).parent
SAID = ("wrong", "format", "again")
"""What the page may say of the form before: fixed words, nothing that was typed."""

_PROBLEMS = {
    INVALID: "link-invalid",
    EXPIRED: "link-expired",
    USED: "link-used",
    COOKIES: "link-cookies",
    "already_over": "ended",
    "too_soon": "later",
    "limit_reached": "later",
    "slow_bodies": "later",
    "number_locked": "later",
    "number_reported": "later",
    "sends_paused": "later",
    "opted_out": "stopped",
    "country_not_allowed": "not-sent",
    "bad_request": "problem",
    "body_too_large": "problem",
    "invalid_field": "not-sent",
    "unauthenticated": "link-expired",
}
"""What is said of each problem; of any other, that the service does not answer."""
_FINAL = {INVALID, EXPIRED, USED, "already_over", "unauthenticated"}
"""Problems that another try does not end."""


class EntryPages:
    """The pages of a link."""

    def __init__(self, languages: Languages, url: str | None) -> None:
        self._languages = languages
        self._host = urlsplit(url or "").netloc

    def ask(self, req: falcon.Request, resp: falcon.Response, visit: Visit, path: str) -> None:
        """Whether a code is to be sent."""
        self._show(req, resp, "ask.html", visit, path=path)

    def enter(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        visit: Visit,
        entering: Verification,
        path: str,
        now: datetime,
        said: str | None,
    ) -> None:
        """The field for the code."""
        wait = max(math.ceil((entering.resend_at - now).total_seconds()), 0)
        self._show(
            req,
            resp,
            "enter.html",
            visit,
            path=path,
            said=said,
            checks_left=entering.checks_left,
            wait=wait,
            wait_text=_clock_face(wait),
            reads_sms=visit.app.settings.web_origin == f"https://{self._host}",
        )

    def done(self, req: falcon.Request, resp: falcon.Response, visit: Visit, back: str | None) -> None:
        """It is over, and the person may go back."""
        self._show(req, resp, "over.html", visit, sentence=f"done-{visit.link.outcome}", back=back)

    def ended(self, req: falcon.Request, resp: falcon.Response, visit: Visit, back: str | None) -> None:
        """The code can be entered no more."""
        resp.status = falcon.HTTP_410
        self._show(req, resp, "over.html", visit, sentence="ended", back=back)

    def problem(
        self, visit: Visit | None, path: str, req: falcon.Request, resp: falcon.Response, failure: Failure
    ) -> None:
        """What went wrong, in words."""
        resp.status = falcon.code_to_http_status(failure.status)
        seconds = resp.get_header("Retry-After") or ""
        sentence = _PROBLEMS.get(failure.kind, "unavailable")
        if sentence == "later" and seconds.isdigit():
            sentence = "later-in"
        again = None if failure.kind in _FINAL or visit is None else path
        time = _clock_face(int(seconds)) if seconds.isdigit() else ""
        self._show(req, resp, "problem.html", visit, sentence=sentence, time=time, again=again)

    def _show(
        self, req: falcon.Request, resp: falcon.Response, template: str, visit: Visit | None, **values: object
    ) -> None:
        words = self._words(req, visit)
        nonce = secrets.token_urlsafe(16)
        known = {"name": visit.name, "number": visit.request.masked} if visit else {}
        origin = visit.app.settings.web_origin if visit else None
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", _policy(nonce, origin))
        resp.set_header("Content-Language", words.tag)
        resp.append_header("Vary", "Accept-Language, Cookie")
        resp.text = (
            _templates()
            .get_template(template)
            .render(words=words, say=_speaker(words, known), nonce=nonce, name=known.get("name"), **values)
        )

    def _words(self, req: falcon.Request, visit: Visit | None) -> Words:
        browsers = req.get_header("Accept-Language")
        if visit is None:
            return words_for(self._languages, browsers, None, None)
        wanted = visit.request.send.get("locale") or browsers
        own = visit.app.settings.default_locale
        return words_for(self._languages, wanted, visit.request.country, own)


@cache
def _templates() -> Environment:
    """The templates, compiled once; style and script stand in the page, so that it asks for nothing."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = ((_HERE / "static" / name).read_text() for name in ("entry.css", "entry.js"))
    # Both are files of ours.
    environment.globals.update(style=Markup(style), script=Markup(script))  # nosec B704 # noqa: S704
    return environment


def _speaker(words: Words, known: Mapping[str, object]) -> Callable[..., str]:
    """What the templates say their sentences with."""

    def say(name: str, **values: object) -> str:
        return words.say(name, {**known, **values})

    return say


def _policy(nonce: str, origin: str | None) -> str:
    """Nothing but the page's own style and script. A form may end at the app: that is where it leads back."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
        f"form-action 'self'{f' {origin}' if origin else ''}; base-uri 'none'; frame-ancestors 'none'"
    )


def _clock_face(seconds: int) -> str:
    """A duration that every language reads: minutes and seconds, with hours before them where it has some."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
