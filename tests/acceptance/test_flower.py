"""What Flower shows while the phone is away and when it is back: deliveries as they are, and nothing else."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from otp_worker.devtools.processes.stack import FLOWER_AUTH, Stack, running_stack
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from tests.acceptance.shop import Shop, eventually, fresh_number

USER, _, PASSWORD = FLOWER_AUTH.partition(":")
WAITING = 6


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole service over SQLite and Redis."""
    folder: Path = tmp_path_factory.mktemp("flower")
    with running_stack(folder, f"sqlite:///{folder}/otp.db") as running:
        yield running


def flower(shop: Shop, path: str) -> Any:
    """What Flower answers there; None where it knows nothing of it."""
    answer = requests.get(f"{shop.stack.flower_url}{path}", auth=(USER, PASSWORD), timeout=10)
    return answer.json() if answer.ok else None


def task(shop: Shop, verification: dict[str, Any]) -> dict[str, Any]:
    """What Flower knows of a verification's first delivery."""
    return flower(shop, f"/api/task/info/{verification['id']}.1") or {}


def in_state(shop: Shop, verification: dict[str, Any], state: str) -> Callable[[], bool]:
    return lambda: task(shop, verification).get("state") == state


def test_what_waits_for_the_phone_is_found_as_unsent_and_is_a_success_once_it_is_sent(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    numbers = [fresh_number() for _ in range(FAILURES_TO_OPEN)]
    first = [shop.send(number) for number in numbers]
    for verification in first:
        eventually(in_state(shop, verification, "RETRY"))
    eventually(lambda: 'breaker_open{gateway="mobile_api_connect"} 1' in shop.call("GET", "/metrics").text)

    held = []

    def hold() -> dict[str, Any] | None:
        """Ask for one more; each process of web learns of the outage within a second."""
        numbers.append(fresh_number())
        held.append(shop.send(numbers[-1]))
        return held[-1] if held[-1]["delivery"]["status"] == "waiting" else None

    waiting = [eventually(hold) for _ in range(WAITING)]
    for verification in waiting:
        found = eventually(partial(task, shop, verification))
        assert (found["name"], found["state"] in ("PENDING", "RETRY")) == ("otp.deliver", True)
    seen = shop.command("doctor")
    assert seen.returncode == 1, seen.stdout
    assert "phone" in seen.stdout.splitlines()[0].partition("look: ")[2]
    canceled = waiting.pop()
    shop.call("POST", f"/v1/verifications/{canceled['id']}/cancel")
    eventually(in_state(shop, canceled, "SUCCESS"))
    assert "superseded" in task(shop, canceled)["result"]

    shown = flower(shop, "/api/tasks")
    unsent = {f"{each['id']}.1" for each in [*first, *held]} - {f"{canceled['id']}.1"}
    assert unsent <= set(shown)
    assert {shown[each]["state"] for each in unsent} <= {"PENDING", "RECEIVED", "STARTED", "RETRY"}
    assert {each["name"] for each in shown.values()} == {"otp.deliver"}
    assert not any(number[3:] in str(shown) for number in numbers)

    shop.stack.phone.knobs.set(offline=False)
    for verification in [*first, *waiting]:
        eventually(in_state(shop, verification, "SUCCESS"))
        assert shop.read(verification)["delivery"]["sent_at"] is not None


def test_the_pages_show_what_no_worker_had_in_hand_yet(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    for _ in range(FAILURES_TO_OPEN):
        shop.send(fresh_number())
    waiting = eventually(lambda: next((each for each in [shop.send(fresh_number())] if _waits(each)), None))
    eventually(lambda: task(shop, waiting))
    for path in (f"/task/{waiting['id']}.1", "/tasks", "/workers"):
        page = requests.get(f"{shop.stack.flower_url}{path}", auth=(USER, PASSWORD), timeout=10)
        assert page.status_code == 200, page.text
    listed = requests.get(
        f"{shop.stack.flower_url}/tasks/datatable",
        params={"draw": 1, "start": 0, "length": 10, "search[value]": waiting["id"], "order[0][column]": 0},
        auth=(USER, PASSWORD),
        timeout=10,
    )
    assert [row["uuid"] for row in listed.json()["data"]] == [f"{waiting['id']}.1"]


def test_what_no_worker_takes_off_the_queue_is_found_as_unsent(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=False)
    shop.stack.fleet.stop("worker", grace_seconds=40)
    verification = shop.send(fresh_number())
    eventually(in_state(shop, verification, "PENDING"))
    shop.stack.start("worker")
    eventually(in_state(shop, verification, "SUCCESS"))
    assert shop.read(verification)["delivery"]["sent_at"] is not None


def test_a_worker_has_its_name_again_after_a_restart(shop: Shop) -> None:
    def names() -> set[str]:
        return {each["hostname"] for each in flower(shop, "/workers?json=1")["data"]}

    before = eventually(lambda: names() if len(names()) == 2 else None)
    assert {name.partition("@")[0] for name in before} == {"deliver-slot1", "upkeep-slot1"}
    for line in ("worker", "upkeep"):
        shop.stack.fleet.stop(line, grace_seconds=40)
        shop.stack.start(line)
    number = fresh_number()
    shop.send(number)
    shop.sms(number)
    assert names() == before


def _waits(verification: dict[str, Any]) -> bool:
    return bool(verification["delivery"]["status"] == "waiting")
