"""One verification's story in the log of the running processes, joined by its id."""

import json
from contextlib import closing
from typing import Any

from otp_worker.domain.step import StepKind
from otp_worker.store import steps
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number


def lines(shop: Shop, name: str, value: str) -> list[dict[str, Any]]:
    """What all processes logged with this value, in the order of time."""
    found = []
    for path in shop.stack.fleet.logs.iterdir():
        for line in path.read_text(errors="replace").splitlines():
            # A line may be half written.
            if value in line and line.startswith("{") and line.endswith("}"):
                found.append(json.loads(line))
    return sorted((each for each in found if each.get(name) == value), key=lambda each: each["timestamp"])


def story(shop: Shop, verification: dict[str, Any]) -> list[str]:
    """The names of its lines, but for the requests'."""
    found = lines(shop, "verification", verification["id"])
    return [each["event"] for each in found if each["event"] != "request"]


def test_one_id_joins_intake_delivery_receipt_and_check(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    eventually(lambda: "receipt" in story(shop, verification))
    shop.check(verification, code)
    eventually(lambda: "ended" in story(shop, verification))
    told = story(shop, verification)
    assert told[0] == "accepted"
    # A receipt may come before the answer is written down.
    assert sorted(set(told[1:-2])) == ["attempt", "handed_over", "receipt"]
    assert told[-2:] == ["check", "ended"]
    found = lines(shop, "verification", verification["id"])
    of_delivery = ("attempt", "handed_over", "receipt")
    assert {each["delivery"] for each in found if each["event"] in of_delivery} == {f"{verification['id']}.1"}
    routes = {each["route"] for each in found if each["event"] == "request"}
    assert {"/v1/verifications", "/v1/verifications/{verification_id}/check"} <= routes


def test_with_a_phone_away_the_log_says_when_it_begins_and_ends_and_repeats_no_probe(shop: Shop) -> None:
    # Other tests of this service have had outages of their own.
    earlier = {event: len(lines(shop, "event", event)) for event in ("breaker_opened", "breaker_closed")}
    shop.stack.phone.knobs.set(offline=True)
    number = fresh_number()
    verification = shop.send(number)
    eventually(lambda: "waiting" in story(shop, verification))
    eventually(lambda: _asked_again(shop, verification))
    shop.stack.phone.knobs.set(offline=False)
    shop.sms(number)
    eventually(lambda: "handed_over" in story(shop, verification))
    told = story(shop, verification)
    assert told.count("waiting") == 1
    assert told.count("attempt") <= 4
    opened = lines(shop, "event", "breaker_opened")[earlier["breaker_opened"] :]
    closed = eventually(lambda: lines(shop, "event", "breaker_closed")[earlier["breaker_closed"] :])
    assert (len(opened), len(closed)) == (1, 1)
    assert opened[-1]["reason"]
    assert closed[-1]["probes"] >= 1
    assert closed[-1]["ms"] > 0


def _asked_again(shop: Shop, verification: dict[str, Any]) -> bool:
    """Whether a probe has found the phone away."""
    with closing(shop.database()) as database:
        return any(
            each.kind is StepKind.PROBE
            for each in steps.of_verifications(database, [verification["id"]])[verification["id"]]
        )
