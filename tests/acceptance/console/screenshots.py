"""``python -m tests.acceptance.console.screenshots FOLDER``: every page in every state, to be looked at."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.acceptance.console.browser import NARROW, WIDE, browser, window
from tests.acceptance.console.office import STATES, Office, running_office

PAGES = {
    "overview": "/",
    "find": "/find",
    "sims": "/sims",
    "countries": "/countries",
    "conversions": "/conversions",
    "webhooks": "/webhooks",
    "replies": "/replies",
    "apps": "/apps",
    "keys": "/keys",
    "audit": "/audit",
}


def main(folder: Path, states: list[str]) -> None:
    """Bring a service into each state, and take each page's picture: wide and light, narrow and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running_office(Path(name)) as office, browser() as running:
        for state, bring in STATES.items():
            bring(office)
            if not states or state in states:
                _take(running, office, folder, state)
                print(state, flush=True)


def _take(running: Browser, office: Office, folder: Path, state: str) -> None:
    pages = {**PAGES, **_verifications(office)}
    for size, dark, look in ((WIDE, False, "wide-light"), (NARROW, True, "narrow-dark")):
        with window(running, office.stack.console_url, size, dark=dark) as opened:
            opened.sign_in()
            for name, path in pages.items():
                opened.open(path)
                opened.page.screenshot(path=folder / f"{state}-{name}-{look}.png", full_page=True)


def _verifications(office: Office) -> dict[str, str]:
    """One verification of each status."""
    database = office.shop.database()
    statement = "SELECT status, max(id) FROM deliveries GROUP BY status"
    with database.read() as connection:
        found = [(row[0], row[1]) for row in connection.exec_driver_sql(statement)]
    database.close()
    return {
        f"verification-{status}": f"/verifications/{delivery_id.partition('.')[0]}"
        for status, delivery_id in found
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
