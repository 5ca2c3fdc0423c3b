"""The console as an operator meets it: a real browser, the real service, a phone that goes offline."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.console.browser import CHROMIUM, NARROW, WIDE, Window, browser, window
from tests.acceptance.console.office import Office, busy, offline, online_again, paused, running_office
from tests.acceptance.shop import fresh_number

PAGES = (
    "/",
    "/?window=24h",
    "/?window=30d",
    "/find",
    "/sims",
    "/countries",
    "/conversions",
    "/webhooks",
    "/replies",
    "/apps",
    "/keys",
)
LIVE_MS = 20_000
"""A page asks again every 5 s."""

if not CHROMIUM.exists():
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A service that has been busy: codes to three countries, a pause, replies, events."""
    with running_office(tmp_path_factory.mktemp("console")) as running:
        busy(running)
        paused(running)
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with browser() as running:
        yield running


@pytest.fixture
def desk(chromium: Browser, office: Office) -> Iterator[Window]:
    """A wide window of somebody who is signed in."""
    with window(chromium, office.stack.console_url) as opened:
        opened.sign_in()
        yield opened
        assert opened.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_every_page_fits_its_window_and_keeps_silent(
    chromium: Browser, office: Office, size: tuple[int, int], dark: bool
) -> None:
    verification_id = office.send(fresh_number(), user="somebody")
    one = f"/verifications/{verification_id}"
    with window(chromium, office.stack.console_url, size, dark=dark) as opened:
        opened.page.goto(f"{opened.url}/login")
        findings = opened.findings()
        opened.sign_in()
        for path in (*PAGES, one, f"{one}/cancel", "/audit"):
            opened.open(path)
            assert not opened.overflows, path
            text = opened.page.content()
            assert [number for number in office.numbers if number[1:] in text or number[3:] in text] == []
            # Colours depend on the scheme and the layout on the size: two of the four show both.
            if dark == (size is NARROW):
                findings += opened.findings()
        assert findings == []
        assert opened.complaints == []


def test_a_fault_is_found_where_there_is_one(desk: Window) -> None:
    desk.page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert any(found.startswith("label (critical)") for found in desk.findings())


def test_the_keyboard_alone_is_enough(chromium: Browser, office: Office) -> None:
    number = fresh_number()
    verification_id = office.send(number)
    with window(chromium, office.stack.console_url) as opened:
        page = opened.page
        opened.sign_in()
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the content")
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()
        opened.open("/find")
        expect(page.locator("#what")).to_be_focused()
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{opened.url}/verifications/{verification_id}")
        _tab_to(opened, "Cancel")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Cancel this verification?")
        _tab_to(opened, "Cancel it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("It is canceled.")
        assert opened.complaints == []


def test_the_focus_is_seen_wherever_it_is(desk: Window) -> None:
    desk.open("/sims")
    for _ in range(12):
        desk.page.keyboard.press("Tab")
        outline = desk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", desk.page.evaluate("document.activeElement.outerHTML")


def test_the_first_page_keeps_itself_fresh(desk: Window, office: Office) -> None:
    desk.open("/?window=24h")
    accepted = desk.page.locator(".tile").first.locator(".many")
    before = accepted.inner_text()
    office.send(fresh_number())
    expect(accepted).not_to_have_text(before, timeout=LIVE_MS)


def test_without_a_script_every_page_can_be_read(chromium: Browser, office: Office) -> None:
    verification_id = office.send(fresh_number())
    with window(chromium, office.stack.console_url, scripts=False) as opened:
        opened.sign_in()
        for path in (*PAGES, f"/verifications/{verification_id}"):
            opened.open(path)
            assert opened.page.get_by_role("heading", level=1).inner_text()
        opened.page.get_by_text("Text for support").click()
        assert verification_id in opened.page.locator("#support").inner_text()
        assert "UTC" in opened.page.locator("footer").inner_text()


def test_the_text_for_support_is_copied_without_a_secret(desk: Window, office: Office) -> None:
    number = fresh_number()
    verification_id = office.send(number)
    code = office.shop.sms(number).text
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.open(f"/verifications/{verification_id}")
    desk.page.get_by_role("button", name="Copy for support").click()
    expect(desk.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    assert verification_id in copied
    assert number[-7:] not in copied
    assert re.findall(r"\d{6}", code)[0] not in copied


def test_instants_are_those_of_the_browsers_zone(desk: Window) -> None:
    desk.open("/audit")
    assert "Europe/London" in desk.page.locator("footer").inner_text()


def test_an_offline_phone_is_told_in_one_look_and_each_code_knows_why(desk: Window, office: Office) -> None:
    offline(office)
    number = fresh_number()
    office.send(number)
    desk.open("/")
    verdict = desk.page.get_by_role("heading", level=1)
    expect(verdict).to_contain_text("away since")
    expect(verdict).to_contain_text("wait")
    desk.page.get_by_role("search").get_by_role("textbox").fill(number)
    desk.page.keyboard.press("Enter")
    cause = desk.page.get_by_role("heading", level=1)
    expect(cause).to_contain_text("offline since")
    online_again(office)
    office.shop.sms(number)
    desk.page.reload()
    expect(cause).not_to_contain_text("Waiting: the phone")


def _tab_to(opened: Window, words: str) -> None:
    """Press Tab until what says so has the focus."""
    for _ in range(40):
        opened.page.keyboard.press("Tab")
        if opened.page.evaluate("document.activeElement.textContent.trim()") == words:
            return
    raise AssertionError(f"Tab does not reach {words!r}")
