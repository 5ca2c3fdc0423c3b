"""Where is the code of this person? With the phone offline, and when it is back."""

import json
from typing import Any

from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from tests.acceptance.shop import Shop, eventually, fresh_number

GATEWAY = "mobile_api_connect"


def found(shop: Shop, number: str) -> str:
    """The id that a search by number finds."""
    answer = shop.call("POST", "/v1/verifications/search", {"to": number})
    (listed,) = answer.json()["verifications"]
    return str(listed["id"])


def timeline(shop: Shop, verification_id: str) -> dict[str, Any]:
    """What an app is told of a verification."""
    answer = shop.call("GET", f"/v1/verifications/{verification_id}/timeline")
    assert answer.status_code == 200, answer.text
    assert GATEWAY not in answer.text
    told: dict[str, Any] = answer.json()
    return told


def shown(shop: Shop, number: str) -> dict[str, Any]:
    """What the operator is told of the newest verification of a number."""
    command = shop.command("show", number, "--json")
    assert command.returncode == 0, command.stderr
    assert number not in command.stdout
    told: dict[str, Any] = json.loads(command.stdout)
    return told


def test_a_number_leads_to_its_code_to_why_it_waits_and_to_how_long_it_waited(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    sent = {number: shop.send(number) for number in (fresh_number() for _ in range(FAILURES_TO_OPEN + 3))}
    number, verification = list(sent.items())[-1]
    assert found(shop, number) == verification["id"]

    def waits() -> str | None:
        cause = str(timeline(shop, verification["id"])["cause"])
        return cause if cause.startswith("Waiting: the phone that sends it has been offline since") else None

    assert "it is sent when it is back, at the latest until" in eventually(waits)
    operators = shown(shop, number)
    assert operators["id"] == verification["id"]
    assert operators["cause"].startswith(f"Waiting: the phone of SIM {GATEWAY} has been offline since")
    assert "waiting" in [each["kind"] for each in operators["timeline"]]

    shop.stack.phone.knobs.set(offline=False)
    shop.until(verification, delivery_status="delivered")
    told = timeline(shop, verification["id"])
    assert "after the phone came back; it was offline for" in told["cause"]
    assert told["cause"].startswith("Delivered ")
    kinds = [each["kind"] for each in told["timeline"]]
    assert kinds[0] == "accepted"
    # The gateway tells first that the phone sent it, then that it arrived.
    assert kinds.index("waiting") < kinds.index("taken")
    assert kinds[-1] == "receipt"
    milliseconds = [each["milliseconds"] for each in told["timeline"]]
    assert milliseconds == sorted(milliseconds)
    listed = json.loads(shop.command("find", number, "--json").stdout)
    assert [each["id"] for each in listed] == [verification["id"]]
