"""The API's pages as a reader meets them: a real browser, light and dark, wide and 390 px."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.console.browser import CHROMIUM, NARROW, WIDE, browser, window
from tests.acceptance.served import served

if not CHROMIUM.exists():
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the application answers, in this process."""
    with served(migrated_sqlite, tmp_path_factory.mktemp("docs")) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide-light", "narrow-dark"])
def test_a_call_shows_its_samples_and_fits_the_window(
    chromium: Browser, url: str, size: tuple[int, int], dark: bool
) -> None:
    with window(chromium, url, size, dark=dark) as opened:
        page = opened.page
        opened.open("/docs")
        page.locator("#operations-verifications-sendVerification .opblock-summary-control").click()
        samples = page.get_by_label("Code samples")
        expect(samples).to_contain_text('curl -s "$OTP_URL/v1/verifications"')
        samples.get_by_role("tab", name="Python").click()
        expect(samples).to_contain_text('otp.send("+447400123456"')
        samples.get_by_role("tab", name="Node").click()
        expect(samples).to_contain_text("await fetch(")
        expect(page.get_by_role("link", name="guard.paused")).to_be_visible()
        page.get_by_role("button", name="Try it out").click()
        tried = page.locator("textarea.body-param__text")
        expect(tried).to_contain_text("+447400123456")
        # Whoever tries it out first gets an SMS in English.
        expect(tried).not_to_contain_text("locale")
        assert not opened.overflows
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(28, 32, 34)") is dark
        # The rest of the page is Swagger UI's own markup.
        assert opened.findings(".samples") == []
        explained = page.get_by_role("link", name="limit_reached").first
        expect(explained).to_have_attribute("href", "/docs/problems#limit_reached")
        opened.open("/docs/problems#limit_reached")
        assert not opened.overflows
        assert opened.findings() == []
        assert opened.complaints == []
