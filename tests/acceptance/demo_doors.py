"""The doors of a running demo, from what it printed."""

import re
from typing import Any

import requests

from otp_worker.domain.fictional_number import fictional_number
from tests.acceptance.console.browser import CHROMIUM, browser
from tests.acceptance.console.first_steps import follow
from tests.acceptance.shop import eventually


def assert_everything_answers(output: str) -> None:
    """The API, the console, Flower and the phone are where the demo says, and ask who comes."""
    docs, console, flower, phone = (
        re.findall(rf"{name} +(http://\S+)", output)[-1] for name in ("API", "Console", "Flower", "Phone")
    )
    user, password = re.findall(r"Flower .*user (\S+), password (\S+)\)", output)[0]
    assert requests.get(docs, timeout=10).status_code == 200
    assert requests.get(phone, timeout=10).status_code == 200
    assert requests.get(console, timeout=10).url.endswith("/login")
    assert requests.get(flower, timeout=10).status_code == 401
    assert requests.get(flower, auth=(user, password), timeout=10).status_code == 200


def assert_the_phone_checks_a_code(output: str) -> None:
    """With the demo's own key, and it leads to the console."""
    api, phone, console = (
        re.findall(rf"{name} +(http://[^\s/]+)", output)[-1] for name in ("API", "Phone", "Console")
    )
    key = re.findall(r"API key +(\S+)", output)[-1]
    sent = requests.post(
        f"{api}/v1/verifications",
        json={"to": fictional_number()},
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    ).json()

    def message() -> Any:
        shown = requests.get(f"{phone}/sim/state", timeout=10).json()
        assert shown["console_url"] == console
        return next((each for each in shown["messages"] if each["verification"] == sent["id"]), None)

    checked = requests.post(f"{phone}/sim/checks", json={"message": eventually(message)["id"]}, timeout=20)
    assert checked.json()["body"]["status"] == "approved", checked.text


def follow_the_first_steps(output: str) -> None:
    """Send a code, read it and check it on the page of the first steps, where there is a browser."""
    if not CHROMIUM.exists():
        return
    [link] = re.findall(r"(http://\S+/welcome\?ticket=\S+)", output)
    [phone] = re.findall(r"Phone +(http://\S+?)/?\s", output)
    with browser() as running:
        follow(running, link, phone)
