"""A newcomer in a real browser, who follows the first steps and runs the programs that the page shows."""

import re
import subprocess
import sys

import requests
from playwright.sync_api import Browser, expect

from tests.acceptance.console.browser import NARROW, WIDE, Window, window

PROGRAMS = {
    "curl": ["bash", "-euc"],
    "python": [sys.executable, "-c"],
    "node": ["node", "--input-type=module", "-e"],
}


def follow(running: Browser, link: str, phone_url: str) -> None:
    """Open the demo's link, send, read, check; then the same in a narrow window, which signs in again."""
    console_url = link.partition("/welcome")[0]
    with window(running, console_url, WIDE, frames=phone_url) as opened:
        opened.open(link.removeprefix(console_url))
        expect(opened.page.get_by_role("heading", name="Send your first code")).to_be_visible()
        _send_and_check(opened, phone_url)
        assert opened.findings() == []
        assert not opened.complaints, opened.complaints
        session = opened.page.context.storage_state()
        opened.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        opened.page.emulate_media(color_scheme="dark")
        _send_and_check(opened, phone_url)
        assert not opened.overflows
        assert opened.findings() == []
        _run_programs(opened)
    assert session["cookies"]
    # The link is worn out.
    assert requests.get(link, timeout=10).url.endswith("/login?next=/welcome&link=over")


def _send_and_check(opened: Window, phone_url: str) -> None:
    page = opened.page
    opened.open("/welcome")
    number = page.get_by_label("Phone number").input_value()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("202 Accepted")).to_be_visible()
    conversation = page.frame_locator("iframe").get_by_text(re.compile(r"Your code is \d{6}")).first
    expect(conversation).to_be_visible(timeout=20_000)
    shown = page.frame_locator("iframe").get_by_text(number).first
    expect(shown).to_be_visible(timeout=20_000)
    answer = requests.get(f"{phone_url}/sim/messages", params={"to": number}, timeout=10)
    code = re.findall(r"\d{6}", answer.json()["messages"][-1]["text"])[0]
    page.get_by_label("The code on the phone").fill(code)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Approved.")).to_be_visible()


def _run_programs(opened: Window) -> None:
    """Each program, as the page shows it, makes a request that the API accepts."""
    for language, runner in PROGRAMS.items():
        # It proposes another number each time.
        opened.open("/welcome")
        text = opened.page.locator(f"#send-{language}").text_content()
        assert text is not None
        done = subprocess.run([*runner, text], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert '"ver_' in done.stdout.replace("'", '"'), done.stdout
