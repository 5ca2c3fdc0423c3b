"""A real browser: Debian's Chromium, driven by playwright, which downloads none of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

from otp_worker.devtools.processes.stack import CONSOLE_AUTH

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "axe" / "axe.min.js"
WIDE, NARROW = (1280, 860), (390, 844)
ZONE = "Europe/London"
_SERIOUS = ("serious", "critical")


@dataclass
class Window:
    """One window of the browser, signed in; ``complaints`` is whatever it wrote on its console."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status}"

    def sign_in(self) -> None:
        """As the operator."""
        name, _, password = CONSOLE_AUTH.partition(":")
        self.page.goto(f"{self.url}/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")

    def findings(self, within: str = "html") -> list[str]:
        """What axe-core finds serious in that part of the page that is open, a line each."""
        # The page's own policy lets no script in: axe comes by the browser's own door.
        self.page.evaluate(AXE.read_text())
        # Another page in a frame has its own test.
        options = "{resultTypes: ['violations'], iframes: false}"
        found: dict[str, Any] = self.page.evaluate(f"within => axe.run(within, {options})", within)
        return [
            f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}"
            for each in found["violations"]
            if each["impact"] in _SERIOUS
        ]

    @property
    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window on a screen; it talks to this machine alone."""
    arguments = ["--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        # Chromium's sandbox refuses root.
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@contextmanager
def window(
    running: Browser,
    url: str,
    size: tuple[int, int] = WIDE,
    *,
    dark: bool = False,
    scripts: bool = True,
    frames: str | None = None,
) -> Iterator[Window]:
    """A window of its own cookies; nothing is loaded but from ``url``, and in frames from ``frames``."""
    width, height = size
    context: BrowserContext = running.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        timezone_id=ZONE,
        locale="en-GB",
        java_script_enabled=scripts,
    )
    ours = (url, frames or url)
    context.route("**/*", lambda route: _only_ours(route, ours))
    opened = Window(context.new_page(), url)
    opened.page.on("console", lambda message: _note(opened, message))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    yield opened
    context.close()


def _note(opened: Window, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        opened.complaints.append(message.text)


def _only_ours(route: Route, ours: tuple[str, ...]) -> None:
    """Nothing is loaded from elsewhere."""
    if route.request.url.startswith(ours):
        route.continue_()
    else:
        route.abort()
