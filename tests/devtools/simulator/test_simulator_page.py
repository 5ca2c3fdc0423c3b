"""The page of the phone in a real browser: one click for a fault, and everything at hand on each bubble."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.checks import App
from otp_worker.devtools.simulator.scenarios import SCENARIOS
from tests.acceptance.console.browser import CHROMIUM, NARROW, WIDE, Window, browser, window
from tests.devtools.simulator.rehearsal import NUMBER, Client
from tests.devtools.simulator.test_simulator_checks import KEY, VERIFICATION, Service, running_service

CONSOLE = "http://127.0.0.1:5556"
ANY_PORT = "http://127.0.0.1"

if not CHROMIUM.exists():
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as running:
        yield running


@pytest.fixture
def simulator(service: Service) -> Iterator[Simulator]:
    """A phone that was sent a code."""
    with Simulator(app=App(service.url, KEY), console_url=CONSOLE) as running:
        client = Client(running)
        client.send(text="Your code is 123456. Never tell it.", ref=f"{VERIFICATION}.1")
        client.session.close()
        yield running


@pytest.fixture
def desk(chromium: Browser, simulator: Simulator) -> Iterator[Window]:
    with opened(chromium, simulator) as window:
        yield window
        assert window.complaints == []


@contextmanager
def opened(
    chromium: Browser, simulator: Simulator, size: tuple[int, int] = WIDE, *, dark: bool = False
) -> Iterator[Window]:
    with window(chromium, simulator.origin, size, dark=dark) as shown:
        shown.open("/")
        expect(shown.page.locator(".fault")).to_have_count(len(SCENARIOS))
        yield shown


def conversation(page: Page, number: str = NUMBER) -> None:
    page.get_by_role("button", name=number).click()
    expect(page.get_by_role("heading", name=number)).to_be_focused()


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)], ids=["1280 light", "390 dark"])
def test_the_page_fits_and_has_no_serious_fault(
    chromium: Browser, simulator: Simulator, size: tuple[int, int], dark: bool
) -> None:
    with opened(chromium, simulator, size, dark=dark) as shown:
        findings = shown.findings()
        simulator.scenarios.start({"name": "silent", "until_cleared": True})
        Client(simulator).send(text="Your code is 654321", ref=f"{VERIFICATION}.2")
        expect(shown.page.locator("#scenario")).to_have_text("Silent")
        conversation(shown.page)
        shown.page.get_by_role("button", name="Check this code").first.click()
        expect(shown.page.locator(".verdict")).to_have_text("Approved")
        findings += shown.findings()
        assert findings == []
        assert not shown.overflows
        assert shown.complaints == []


def test_one_click_starts_a_fault_and_another_ends_it(desk: Window, simulator: Simulator) -> None:
    page = desk.page
    offline = page.get_by_role("button", name="Offline")
    page.get_by_label("Seconds").fill("3600")
    offline.click()
    expect(offline).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("Offline")
    expect(page.locator("#limit")).to_have_text(re.compile(r"^3\d{3} s left$"))
    expect(page.locator("#service")).to_have_text("No service")
    page.get_by_role("button", name="All clear").click()
    expect(page.get_by_role("status")).to_have_text("All is well")
    expect(offline).to_have_attribute("aria-pressed", "false")
    assert simulator.knobs.offline is False


def test_a_fault_lasts_for_as_many_messages_as_one_says(desk: Window, simulator: Simulator) -> None:
    page = desk.page
    page.get_by_label("How many messages").fill("2")
    expect(page.get_by_role("button", name="Silent")).to_be_disabled()
    page.get_by_role("button", name="Throttle").click()
    expect(page.locator("#limit")).to_have_text("for the next 2 messages")
    Client(simulator).send()
    expect(page.locator("#limit")).to_have_text("for the next message")
    expect(page.locator("#requests tr").first.locator("td").nth(2)).to_have_text("429")
    Client(simulator).send()
    expect(page.get_by_role("status")).to_have_text("All is well")


def test_a_knob_turned_by_hand_is_told(desk: Window, simulator: Simulator) -> None:
    simulator.knobs.set(slow_seconds=0.5)
    expect(desk.page.get_by_role("status")).to_have_text("slow_seconds 0.5")
    desk.page.get_by_role("button", name="All clear").click()
    expect(desk.page.get_by_role("status")).to_have_text("All is well")


def test_a_bubble_copies_checks_and_leads_to_its_trail(desk: Window, service: Service) -> None:
    page = desk.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    conversation(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "123456"
    service.body = b'{"status": "pending", "checks_left": 3}'
    check = page.get_by_role("button", name="Check this code")
    check.click()
    expect(page.locator(".verdict")).to_have_text("pending, checks left: 3")
    expect(check).to_be_focused()
    trail = page.get_by_role("link", name="Its trail")
    expect(trail).to_have_attribute("href", f"{CONSOLE}/verifications/{VERIFICATION}")
    expect(trail).to_have_attribute("rel", "noopener")


def test_the_keyboard_alone_writes_as_any_number(desk: Window, simulator: Simulator) -> None:
    page = desk.page
    page.locator("#number").focus()
    page.keyboard.type("+44 7700 900777")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reply as this number")).to_be_focused()
    page.keyboard.type("STOP")
    page.keyboard.press("Enter")
    expect(page.locator(".mine .bubble")).to_have_text("STOP")
    assert [(reply.number, reply.text) for reply in simulator.messages.replies()] == [
        ("447700900777", "STOP")
    ]
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="+447700900777")).to_be_focused()


def test_what_waits_is_shown_with_its_end(desk: Window, simulator: Simulator) -> None:
    simulator.scenarios.start({"name": "late_sms", "knobs": {"send_delay_seconds": 3600}})
    Client(simulator).send(to="+447700900555")
    waits = desk.page.locator("#waits li")
    expect(waits).to_have_text(re.compile(r"^SMS to \+447700900555: the phone takes its time3\d{3} s, "))


def test_on_a_phones_screen_the_present_fault_stays_in_sight(chromium: Browser, simulator: Simulator) -> None:
    with opened(chromium, simulator, NARROW) as shown:
        shown.page.get_by_role("button", name="Late receipt").click()
        shown.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(shown.page.get_by_role("status")).to_have_text("Late receipt")
        expect(shown.page.get_by_role("status")).to_be_in_viewport()
        expect(shown.page.get_by_role("button", name="All clear")).to_be_in_viewport()


def test_another_page_of_this_machine_shows_the_phone_alone(chromium: Browser, simulator: Simulator) -> None:
    frame = f'<!doctype html><iframe title="Phone" src="{simulator.origin}/?alone#447700900123"></iframe>'
    with serving_page(frame) as url, window(chromium, ANY_PORT, NARROW) as shown:
        shown.page.goto(url)
        inside = shown.page.frame_locator("iframe")
        expect(inside.locator(".code")).to_have_text("123456")
        expect(inside.locator(".panel")).to_be_hidden()
        read = "url => fetch(url).then(answer => answer.json()).then(all => all.messages.length)"
        assert shown.page.evaluate(read, f"{simulator.origin}/sim/state") == 1
        assert shown.complaints == []


@contextmanager
def serving_page(html: str) -> Iterator[str]:
    """A page of another program on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode() if self.path == "/" else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
