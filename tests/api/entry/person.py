"""A person at the entry page: a browser with its cookies, and without a script."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from falcon import App
from falcon.testing import Result, TestClient

from otp_worker.domain.entry_link import EntryKeys, Outcome
from otp_worker.store import apps, entry_links
from tests.api.client import Caller
from tests.api.service import OUR_URL, Service
from tests.contract.service import NUMBER

LINKS = "/v1/entry-links"
ORIGIN = "https://shop.example"
BACK = f"{ORIGIN}/signed-in?flow=17"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Person:
    """Follows one link in a browser of their own."""

    def __init__(self, app: "App[Any, Any]", url: str, language: str = "") -> None:
        self._client = TestClient(app)
        self.path = url.removeprefix(OUR_URL)
        self._language = {"Accept-Language": language} if language else {}
        self.cookies: dict[str, str] = {}

    def look(self, query: str = "") -> Result:
        """Open the page, or open it again."""
        return self._request("GET", self.path, headers=self._language, query_string=query)

    def press(self, act: str, form: str = "") -> Result:
        """Press a button."""
        return self._request("POST", f"{self.path}/{act}", headers={**self._language, **_FORM}, body=form)

    def type(self, code: str) -> Result:
        """Type a code and confirm it."""
        return self.press("check", f"code={code}")

    def asked(self) -> "Person":
        """Has opened the page and asked for the code."""
        assert self.look().status_code == 200
        assert self.press("send").status_code == 303
        return self

    def _request(self, method: str, path: str, **sent: Any) -> Result:
        answer: Result = self._client.simulate_request(method, path, cookies=self.cookies, **sent)
        self.cookies |= {name: cookie.value for name, cookie in answer.cookies.items()}
        # Whatever happens: no number but masked, nothing kept, nothing from elsewhere.
        assert NUMBER[1:] not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return answer


def open_shop(service: Service, **settings: object) -> None:
    """Set the app's origin, and whatever else."""
    kept = {"web_origin": ORIGIN, **settings}
    assert apps.change_settings(service.db, "shop", kept, service.clock())


def made(caller: Caller, **fields: object) -> dict[str, Any]:
    """A new link, as its app is told of it."""
    answer = caller.simulate_post(LINKS, json={"to": NUMBER, "return_url": BACK, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json
    return body


def approve(service: Service, link_id: str, our_url: str = OUR_URL) -> str:
    """The result of a link whose person has entered the code at ``our_url``."""
    entry_links.finish(service.db, link_id, Outcome.APPROVED, service.clock())
    link = entry_links.find(service.db, link_id)
    assert link is not None
    return EntryKeys(service.keyring).sign(link, our_url, "shop")


def result_in(location: str) -> str:
    """The result with which somebody was sent back."""
    assert location.startswith(BACK)
    (result,) = parse_qs(urlsplit(location).query)["result"]
    return result


def redeem(caller: Caller, link: dict[str, Any], result: str) -> Result:
    """The app asks what it was sent."""
    return caller.simulate_post(f"{LINKS}/{link['id']}/result", json={"result": result})
