"""A browser as far as a test needs one: cookies are kept, and each form repeats its page's token."""

import html
import re
from urllib.parse import urlencode

from falcon.testing import Result, TestClient

from tests.contract.service import NUMBER

LOGINS = {"ann": "the-password", "bob": "another:password"}
PAGES = (
    "/",
    "/find",
    "/sims",
    "/countries",
    "/conversions",
    "/webhooks",
    "/replies",
    "/apps",
    "/keys",
    "/audit",
)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """One browser. Every page it gets keeps the promises that hold for all of them."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    def get(self, path: str, **headers: str) -> Result:
        """Open a page."""
        return self._keep(self.client.simulate_get(path, headers=headers, cookies=self.cookies))

    def post(self, path: str, csrf: str | None = None, **fields: str) -> Result:
        """Post a form; with the token of the page that was open last, unless another is given."""
        body = urlencode({"csrf": self.csrf if csrf is None else csrf, **fields})
        return self._keep(self.client.simulate_post(path, body=body, headers=_FORM, cookies=self.cookies))

    def sign_in(self, login: str = "ann", password: str | None = None) -> Result:
        """Open the page to sign in, and do so."""
        self.get("/login")
        return self.post("/login", login=login, password=LOGINS[login] if password is None else password)

    def act(self, path: str) -> Result:
        """Answer a question with yes; the page that says what came of it."""
        assert self.get(path).status_code == 200
        answer = self.post(path)
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def _keep(self, answer: Result) -> Result:
        for name, cookie in answer.cookies.items():
            self.cookies[name] = cookie.value
        found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        check_page(answer)
        return answer


def check_page(answer: Result) -> None:
    """What holds for whatever the console answers."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    if "text/html" not in answer.headers.get("content-type", ""):
        return
    nonces = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert all(f"'nonce-{nonce}'" in policy for nonce in nonces)
    # Nothing is done in the page itself: no handler, no style, no script but the one file.
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", answer.text)
    assert re.findall(r"<script[^>]*>(.*?)</script>", answer.text, re.DOTALL) in ([], [""])
    assert NUMBER[1:] not in html.unescape(answer.text)
    assert NUMBER[-9:] not in html.unescape(answer.text)
