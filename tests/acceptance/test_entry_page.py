"""The entry page as a person meets it: a real browser, at two sizes, light and dark, and without a script."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.acceptance.console.browser import CHROMIUM, NARROW, WIDE, Window, browser, window
from tests.acceptance.served import served
from tests.acceptance.shop import fresh_number
from tests.api.entry.person import BACK, LINKS, ORIGIN, open_shop
from tests.api.service import Service

PHONE = """
window.OTPCredential = class {};
if (navigator.credentials)
  navigator.credentials.get = async (asked) => ({ code: asked.otp.transport.includes("sms") ? "CODE" : "" });
"""
"""What Chrome on Android has and Chromium here has not; no page but a secure one has ``credentials``."""

if not CHROMIUM.exists():
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)


class Desk:
    """A shop that makes links, and the service whose page they lead to."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service
        self._key = service.key("shop")
        open_shop(service, shown_name="Corner Shop", default_locale="en")

    @contextmanager
    def having(self, **settings: object) -> Iterator[None]:
        """The shop with other settings."""
        open_shop(self.service, **settings)
        yield
        open_shop(self.service, default_locale="en")

    def path(self, **fields: object) -> str:
        """A new link."""
        return str(self.made(**fields)["url"]).removeprefix(self.url)

    def made(self, **fields: object) -> dict[str, Any]:
        """A new link, as the shop is told of it."""
        body = {"to": fresh_number(), "return_url": BACK, **fields}
        answer = requests.post(
            self.url + LINKS, json=body, headers={"Authorization": f"Bearer {self._key}"}, timeout=15
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def code(self) -> str:
        """The code of the newest SMS."""
        self.service.deliver_queued()
        return self.service.gateway.codes[-1]


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The service, with a shop."""
    with served(migrated_sqlite, tmp_path_factory.mktemp("entry")) as (url, service):
        yield Desk(url, service)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with browser() as running:
        yield running


@contextmanager
def back_at(opened: Window, origin: str = ORIGIN) -> Iterator[None]:
    """What is done here leads back to the shop's own site, with a result."""
    opened.page.route(f"{origin}/**", lambda route: route.fulfill(body="signed in", content_type="text/html"))
    with opened.page.expect_request(re.compile(rf"{re.escape(origin)}/.*result=[\w.-]+$")):
        yield


def other_digits(code: str) -> str:
    """A code that is wrong."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_every_page_fits_its_window_and_keeps_silent(
    chromium: Browser, desk: Desk, size: tuple[int, int], dark: bool
) -> None:
    findings: list[str] = []

    def look(opened: Window) -> None:
        assert not opened.overflows
        # Colours depend on the scheme and the layout on the size: two of the four show both.
        if dark == (size is NARROW):
            findings.extend(opened.findings())

    with window(chromium, desk.url, size, dark=dark) as opened:
        opened.open(desk.path())
        look(opened)
        opened.page.get_by_role("button", name="Send the code").click()
        code = desk.code()
        field = opened.page.get_by_label("Code")
        field.fill(other_digits(code))
        opened.page.get_by_role("button", name="Confirm").click()
        expect(opened.page.get_by_role("alert")).to_contain_text("Tries left")
        expect(field).to_be_focused()
        look(opened)
        assert opened.complaints == []
        # A status of 410 is written on the console by the browser itself.
        opened.page.goto(f"{desk.url}{desk.path()}0")
        expect(opened.page.get_by_role("heading", level=1)).to_have_text("This link is not valid.")
        look(opened)
    assert findings == []


def test_the_keyboard_alone_is_enough_and_leads_back(chromium: Browser, desk: Desk) -> None:
    with window(chromium, desk.url) as opened:
        page = opened.page
        opened.open(desk.path())
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Send the code")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        field = page.get_by_label("Code")
        expect(field).to_be_focused()
        assert (field.get_attribute("autocomplete"), field.get_attribute("inputmode")) == (
            "one-time-code",
            "numeric",
        )
        with back_at(opened):
            page.keyboard.type(desk.code())
            page.keyboard.press("Enter")
        assert opened.complaints == []


def test_the_countdown_is_the_services_own(chromium: Browser, desk: Desk) -> None:
    with window(chromium, desk.url) as opened:
        page = opened.page
        opened.page.clock.install()
        opened.open(desk.path())
        page.get_by_role("button", name="Send the code").click()
        again = page.get_by_role("button", name="Send the code again")
        expect(again).to_be_disabled()
        desk.code()
        page.clock.fast_forward(20_000)
        expect(page.locator("#wait")).to_contain_text(re.compile(r"0:(10|09)"))
        page.clock.fast_forward(11_000)
        desk.service.clock.move(31)
        expect(page.locator("#wait")).to_have_count(0)
        again.click()
        expect(page.get_by_role("status")).to_have_text("The code is on its way again.")
        first, second = desk.service.gateway.codes[-1], desk.code()
        assert first == second
        assert opened.complaints == []


def test_without_a_script_everything_works(chromium: Browser, desk: Desk) -> None:
    with window(chromium, desk.url, NARROW, scripts=False) as opened:
        opened.open(desk.path())
        opened.page.get_by_role("button", name="Send the code").click()
        expect(opened.page.locator("#wait")).to_contain_text("0:30")
        opened.page.get_by_label("Code").fill(desk.code())
        with back_at(opened):
            opened.page.get_by_role("button", name="Confirm").click()


def test_where_the_sms_names_the_pages_origin_the_browser_fills_the_code_in(
    chromium: Browser, desk: Desk
) -> None:
    own = desk.url.replace("http://", "https://")
    with desk.having(web_origin=own), window(chromium, desk.url, NARROW) as opened:
        opened.open(desk.path(return_url=f"{own}/back"))
        opened.page.get_by_role("button", name="Send the code").click()
        expect(opened.page.get_by_label("Code")).to_be_visible()
        opened.page.add_init_script(PHONE.replace("CODE", desk.code()))
        with back_at(opened, own):
            opened.page.reload()
        assert opened.complaints == []


def test_arabic_is_written_from_the_right(chromium: Browser, desk: Desk) -> None:
    with desk.having(default_locale="ar"), window(chromium, desk.url, NARROW) as opened:
        opened.open(desk.path(locale="ar"))
        assert opened.page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "rtl"
        assert not opened.overflows
