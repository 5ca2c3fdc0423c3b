"""Looking for codes as people and apps do: each page of the console, each list and search, each command."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter

import requests

from otp_worker.devtools.bench.bench import SENDS
from otp_worker.devtools.bench.history import PERSON, TESTER, History
from otp_worker.devtools.bench.history_statements import GUEST
from otp_worker.devtools.bench.stepper import Stepper
from otp_worker.devtools.processes.stack import CONSOLE_AUTH
from otp_worker.domain.errors import OtpError
from otp_worker.domain.overview import Window
from otp_worker.domain.verification import VerificationStatus

NOBODY = "nobody-at-all"
"""No user, no id, no number: everything is looked through for it."""
_PAGES = ("/find", "/sims", "/countries", "/webhooks", "/replies", "/keys", "/audit")
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_SECONDS = 60
_NOTHING = "keys list"
"""A command that opens the database and asks for next to nothing."""


class LookFailedError(OtpError):
    """A page or a list was not answered as it should be."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at: both answer how long it took in milliseconds, ``beneath`` without any rows."""

    name: str
    baseline: str
    take: Callable[[], float]
    beneath: Callable[[], float]


class Browser:
    """An operator's browser, signed in to the console; or an app's client, with ``headers`` of its own."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(headers or {})
        self._csrf = ""

    def sign_in(self) -> None:
        """Sign in to the console. Raises LookFailedError."""
        login, _, password = CONSOLE_AUTH.partition(":")
        self._form_of("/login")
        self.post("/login", {"login": login, "password": password})
        self._form_of("/find")

    def get(self, path: str) -> float:
        """Open a page, and how long that took. Raises LookFailedError."""
        return self._ask("GET", path)

    def post(self, path: str, fields: Mapping[str, str]) -> float:
        """Send a form, without going where it leads."""
        return self._ask("POST", path, data={"csrf": self._csrf, **fields})

    def post_json(self, path: str, body: Mapping[str, object]) -> float:
        """Send a body."""
        return self._ask("POST", path, json=body)

    def health(self) -> float:
        """Ask for what needs no rows."""
        return self.get("/healthz")

    def close(self) -> None:
        """Give back the connection."""
        self._session.close()

    def _form_of(self, path: str) -> None:
        answer = self._session.get(self._url + path, timeout=_SECONDS)
        found = _CSRF.search(answer.text)
        if found is None:
            raise LookFailedError(f"{path} has no form")
        self._csrf = found[1]

    def _ask(self, method: str, path: str, **more: object) -> float:
        began = perf_counter()
        answer = self._session.request(
            method,
            self._url + path,
            timeout=_SECONDS,
            allow_redirects=False,
            **more,  # type: ignore[arg-type]
        )
        took = (perf_counter() - began) * 1000
        if answer.status_code >= 400:
            raise LookFailedError(f"{method} {path} was answered with {answer.status_code}")
        return took


def console_looks(browser: Browser, history: History) -> Iterator[Look]:
    """Every page of the console, and what leads to a code there."""
    pages = [f"/?window={window}" for window in Window]
    pages += ["/fragments/overview", *_PAGES]
    pages += [f"/verifications/{each}" for each in (history.middle, history.waiting)]
    names = {history.middle: "one that is over", history.waiting: "one that waits"}
    for page in pages:
        name = next((page.replace(id, told) for id, told in names.items() if id in page), page)
        yield Look(f"console {name}", "/healthz", partial(browser.get, page), browser.health)
    for name, what in _searched(history).items():
        find = partial(browser.post, "/find", {"what": what})
        yield Look(f"console finds {name}", "/healthz", find, browser.health)


def _searched(history: History) -> dict[str, str]:
    return {
        "a number": PERSON,
        "a tester's number": TESTER,
        "a user": history.user,
        "a user that many are": GUEST,
        "a verification": history.middle,
        "a delivery": f"{history.middle}.1",
        "a message": history.message,
        "a request": history.request,
        "nothing": NOBODY,
    }


def api_looks(client: Browser, whose: str, history: History) -> Iterator[Look]:
    """Every list and search of the API, as a key sees it."""
    middle = history.until - timedelta(days=15)
    lists = {
        "all": "",
        "200": "limit=200",
        "a user": f"user={history.user}",
        "a user of many": f"user={GUEST}",
    }
    lists |= {f"{status}": f"status={status}" for status in VerificationStatus}
    lists["a user of many, canceled"] = f"user={GUEST}&status=canceled"
    lists["a day"] = (
        f"until={middle:%Y-%m-%dT%H:%M:%SZ}&since={middle - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    )
    lists["failed, up to a day"] = f"status=failed&until={middle:%Y-%m-%dT%H:%M:%SZ}"
    for name, query in lists.items():
        yield Look(
            f"{whose} lists {name}", "/healthz", partial(client.get, f"{SENDS}?{query}"), client.health
        )
    for name, more in (
        ("a number", {"to": PERSON}),
        ("a tester's, expired", {"to": TESTER, "status": "expired"}),
    ):
        post = lambda more=more: client.post_json(f"{SENDS}/search", more)  # noqa: E731
        yield Look(f"{whose} searches {name}", "/healthz", post, client.health)
    timeline = f"{SENDS}/{history.middle}/timeline"
    yield Look(f"{whose} timeline", "/healthz", lambda: client.get(timeline), client.health)


def command_looks(commands: Stepper, history: History) -> Iterator[Look]:
    """``find`` and ``show``, without the start of Python."""

    def run(command: str) -> float:
        return commands.time(command, 1)[0] * 1000

    for command in ("find", "show"):
        for name, what in _searched(history).items():
            if name != "nothing":
                look = partial(run, f"{command} {what}")
                yield Look(f"otp-worker {command} {name}", _NOTHING, look, partial(run, _NOTHING))
