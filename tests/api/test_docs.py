"""The page that describes the API, which must work without the internet."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from api.docs import VERSION
from api.problem_help import PROBLEMS
from tests.api.client import Caller, problem

STATIC = Path(__file__).parents[2] / "api" / "static"
PAGES = {
    "/docs": ["docs.css", "docs.js", "swagger-ui-bundle.js", "swagger-ui.css"],
    "/docs/problems": ["home.css"],
    "/": ["home.css"],
}
TYPES = {
    "docs.css": "text/css",
    "docs.js": "text/javascript",
    "home.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}


class Links(HTMLParser):
    """Every URL in a page, and every script or style that stands in the page itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        self.urls += [given[name] for name in ("src", "href", "action", "data", "srcset") if given.get(name)]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in given) else []


def ask(caller: Caller, url: str, **headers: str) -> Result:
    """What is answered to a URL of a page."""
    path, _, query = url.partition("?")
    return caller.simulate_get(path, query_string=query, headers=headers)


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def page(stranger: Caller, path: str) -> Links:
    answer = stranger.simulate_get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return Links(answer.text)


def test_all_that_a_page_needs_is_at_hand(page: Links, path: str, stranger: Caller) -> None:
    local = [url for url in page.urls if url != "data:,"]
    static = {url for url in local if url.startswith("/docs/static/")}
    assert static == {f"/docs/static/{name}?v={VERSION}" for name in PAGES[path]}
    # Whether the service is ready is another question.
    elsewhere = [url for url in local if url != "/readyz" and not url.startswith("#")]
    assert {ask(stranger, url).status_code for url in elsewhere} == {200}


def test_a_page_obeys_its_own_policy(page: Links, path: str, stranger: Caller) -> None:
    policy = stranger.simulate_get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert not re.search(r"https?:|\*|unsafe-eval", policy)
    assert page.inline == []


def test_the_script_asks_nobody_but_us() -> None:
    script = (STATIC / "docs.js").read_text()
    assert re.findall(r"https?://|//\w", script) == []
    assert 'url: "/openapi.json"' in script
    # Else Swagger UI sends the document's address to a validator on the internet.
    assert "validatorUrl: null" in script


@pytest.mark.parametrize(("name", "kind"), TYPES.items())
def test_a_file_is_served_whole_and_as_what_it_is(stranger: Caller, name: str, kind: str) -> None:
    answer = stranger.simulate_get(f"/docs/static/{name}")
    assert answer.headers["Content-Type"] == kind
    assert answer.content == (STATIC / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "../../pyproject.toml",
        "%2e%2e/app.py",
        "..%2fapp.py",
        "%2e%2e%2fapp.py",
        "..\\app.py",
        "..%5capp.py",
        "....//app.py",
        "./docs.js",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "docs.js%00",
        "docs.js/../../app.py",
        "",
        ".",
        "..",
        "unknown.js",
    ],
)
def test_no_other_file_can_be_had(stranger: Caller, path: str) -> None:
    answer = stranger.simulate_get(f"/docs/static/{path}")
    if path == "./docs.js":
        assert answer.content == (STATIC / "docs.js").read_bytes()
    else:
        assert problem(answer) == (404, "not_found")


def test_a_part_that_a_file_does_not_have_is_a_problem_too(stranger: Caller) -> None:
    answer = stranger.simulate_get("/docs/static/docs.js", headers={"Range": "bytes=9999-"})
    assert problem(answer) == (416, "range_not_satisfiable")


def test_a_browser_keeps_what_a_page_names_for_good(stranger: Caller) -> None:
    answer = ask(stranger, f"/docs/static/docs.js?v={VERSION}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789abcdef"])
def test_a_file_of_no_or_another_version_is_asked_for_again(stranger: Caller, query: str) -> None:
    answer = ask(stranger, f"/docs/static/docs.js{query}")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = ask(stranger, f"/docs/static/docs.js{query}", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_problem_has_a_place_that_explains_it(stranger: Caller) -> None:
    page = stranger.simulate_get("/docs/problems").text
    for code, known in PROBLEMS.items():
        assert page.count(f'id="{code}"') == 1
        assert f"<small>{known.status}</small>" in page
    assert len(re.findall("What to do:", page)) == len(PROBLEMS)


def test_a_problem_leads_to_its_explanation(shop: Caller) -> None:
    refused = shop.send("+4420")
    assert refused.headers["Link"] == "</docs/problems#invalid_field>; rel=help"
    assert "invalid_field" in PROBLEMS
