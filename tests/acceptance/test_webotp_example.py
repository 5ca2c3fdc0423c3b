"""The example's login page in a real browser: the code of the SMS fills itself in."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.acceptance.console.browser import CHROMIUM, NARROW, browser, window

if not CHROMIUM.exists():
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)

PAGE = Path(__file__).parents[2] / "deploy" / "examples" / "webotp_login"
URL = "https://login.example.com"
PHONE = """
window.OTPCredential = class {};
navigator.credentials.get = async (asked) => ({ code: asked.otp.transport.includes("sms") ? "123456" : "" });
"""
"""What Chrome on Android has and Chromium here has not."""


def test_the_code_of_the_sms_signs_in_by_itself() -> None:
    asked: list[object] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(URL)
        if route.request.method == "POST":
            asked.append((path, json.loads(route.request.post_data or "")))
            told = {"sent_to": "+44********56", "signed_in_as": "+447400123456"}
            route.fulfill(json=told)
        else:
            route.fulfill(path=PAGE / (path.strip("/") or "index.html"))

    with browser() as running, window(running, URL, NARROW) as opened:
        opened.page.add_init_script(PHONE)
        opened.page.route("**/*", answer)
        opened.open("/")
        opened.page.get_by_label("Your mobile number").fill("+447400123456")
        opened.page.get_by_role("button", name="Send me a code").click()
        expect(opened.page.get_by_text("You are signed in as +447400123456.")).to_be_visible()
        assert not opened.overflows
        assert opened.complaints == []
    assert asked == [
        ("/login/send", {"number": "+447400123456"}),
        ("/login/check", {"code": "123456"}),
    ]
