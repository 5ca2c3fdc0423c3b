"""What the service does while something is away, and while its parts are stopped and started."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests

from otp_worker.devtools.chaos.supervisor import child_processes
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number

PAUSE_SECONDS = 0.05
LINES = ("web", "worker", "upkeep", "beat", "flower", "console")


@dataclass
class Load:
    """Sends one code after another until told to stop, and keeps what was accepted and what was not."""

    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def run(self, shop: Shop, stopping: threading.Event) -> None:
        """Send until ``stopping``."""
        while not stopping.wait(PAUSE_SECONDS):
            number = fresh_number()
            try:
                answer = shop.call("POST", "/v1/verifications", {"to": number})
            except requests.RequestException as error:
                self.refused.append(type(error).__name__)
                continue
            if answer.status_code == 202:
                self.accepted[number] = answer.json()
            else:
                self.refused.append(f"{answer.status_code} {answer.text}")

    def goes_on(self, requests: int) -> None:
        """Wait until that many more requests were accepted."""
        wanted = len(self.accepted) + requests
        eventually(lambda: len(self.accepted) >= wanted)


@contextmanager
def under_load(shop: Shop, clients: int = 4) -> Iterator[Load]:
    """Run the block while codes are asked for; afterwards the load has stopped."""
    load, stopping = Load(), threading.Event()
    threads = [threading.Thread(target=load.run, args=(shop, stopping)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def test_a_broker_that_is_away_costs_no_request(shop: Shop) -> None:
    shop.stack.broker.kill()
    numbers = [fresh_number() for _ in range(10)]
    verifications = [shop.send(number) for number in numbers]
    url = f"{shop.stack.url}/readyz"
    ready, for_workers = requests.get(url, timeout=10), requests.get(f"{url}?for=worker", timeout=10)
    assert (ready.status_code, for_workers.status_code) == (200, 503)
    assert [check["name"] for check in ready.json()["checks"] if not check["ok"]] == ["broker"]
    shop.stack.broker.restart()
    for number, verification in zip(numbers, verifications, strict=True):
        assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]


def test_a_phone_that_is_offline_is_told_with_position_and_not_hammered(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    first = [shop.send(fresh_number()) for _ in range(FAILURES_TO_OPEN)]
    eventually(
        lambda: shop.call("GET", "/metrics").text.count('breaker_open{gateway="mobile_api_connect"} 1')
    )

    def told() -> tuple[str, dict[str, Any]] | None:
        number = fresh_number()
        verification = shop.send(number)
        return (number, verification) if verification["delivery"]["status"] == "waiting" else None

    number, waiting = eventually(told)
    delivery = waiting["delivery"]
    assert delivery["wait"]["offline_since"] is not None
    assert delivery["wait"]["position"] > len(first)
    assert delivery["reason"] == "it waits for a phone that can send it"
    shop.stack.phone.knobs.set(offline=False)
    for verification in first:
        shop.until(verification, delivery_status="delivered")
    assert shop.check(waiting, code_in(shop.sms(number))).json()["valid"]


@pytest.mark.parametrize("line", LINES)
def test_every_process_ends_with_success_when_asked_to(shop: Shop, line: str) -> None:
    process = shop.stack.fleet[line]
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(30)
    status = process.kill()
    shop.stack.fleet.restart(line)
    shop.stack.await_ready()
    assert status == 0


def test_a_worker_that_is_stopped_in_the_middle_of_a_send_finishes_or_gives_it_back(shop: Shop) -> None:
    # Without receipts: one that comes before the answer would settle the delivery.
    shop.stack.phone.knobs.set(receipts=[])
    shop.stack.phone.knobs.set(slow_seconds=5.0)
    numbers = [fresh_number() for _ in range(8)]
    verifications = [shop.send(number) for number in numbers]
    eventually(lambda: any(shop.read(each)["delivery"]["status"] == "sending" for each in verifications))
    shop.stack.fleet.stop("worker", grace_seconds=40)
    shop.stack.start("worker")
    for number, verification in zip(numbers, verifications, strict=True):
        sms = shop.sms(number)
        assert shop.check(verification, code_in(sms)).json()["valid"]
        assert len(list(shop.stack.phone.messages.select(to=number))) == 1


def test_a_rolling_restart_of_web_drops_no_request(shop: Shop) -> None:
    log = shop.stack.fleet.log("web")
    replaced = log.read_text().count("Stopped old worker")
    with under_load(shop, clients=2) as load:
        os.kill(shop.stack.fleet["web"].pid, signal.SIGHUP)
        eventually(lambda: log.read_text().count("Stopped old worker") == replaced + 2, seconds=90)
        load.goes_on(20)
    assert load.refused == []
    assert _sent_once(shop, load) == Counter({1: len(load.accepted)})


def test_a_killed_child_of_web_costs_no_more_than_what_it_was_answering_and_is_replaced(shop: Shop) -> None:
    web = shop.stack.fleet["web"]
    clients = 2
    # Two of the same one within 5.5 s would end the master, which starts anew then.
    before = child_processes(web.pid)
    with under_load(shop, clients) as load:
        load.goes_on(5)
        os.kill(before[0], signal.SIGKILL)
        load.goes_on(20)
        replaced = eventually(lambda: set(child_processes(web.pid)) - set(before))
        load.goes_on(20)
    assert len(replaced) == 1
    assert not web.ended
    assert len(load.refused) <= clients
    assert _sent_once(shop, load) == Counter({1: len(load.accepted)})


def test_a_rolling_restart_of_workers_loses_and_doubles_nothing(shop: Shop) -> None:
    with under_load(shop, clients=2) as load:
        for line in ("worker", "upkeep", "beat"):
            shop.stack.fleet.stop(line, grace_seconds=40)
            shop.stack.start(line)
            load.goes_on(20)
    assert load.refused == []
    assert _sent_once(shop, load) == Counter({1: len(load.accepted)})


def test_workers_that_take_nothing_are_noticed(shop: Shop) -> None:
    shop.stack.fleet["worker"].pause()
    verification = shop.send(fresh_number())
    # What thirty seconds would do; the sweep does not publish it again meanwhile.
    shop.stack.fleet["upkeep"].pause()
    created_at = datetime.fromisoformat(verification["created_at"])
    earlier = f"{created_at - timedelta(minutes=1):%Y-%m-%d %H:%M:%S.%f}"
    shop.change(
        f"UPDATE deliveries SET due_at = '{earlier}', published_at = '{earlier}' "
        f"WHERE verification_id = '{verification['id']}'"
    )
    ready = requests.get(f"{shop.stack.url}/readyz", timeout=10)
    shop.stack.fleet["upkeep"].resume()
    shop.stack.fleet["worker"].resume()
    assert ready.status_code == 200
    assert [check["name"] for check in ready.json()["checks"] if not check["ok"]] == ["deliveries"]
    shop.until(verification, delivery_status="delivered")


def _sent_once(shop: Shop, load: Load) -> Counter[int]:
    """How many of the accepted requests became how many SMS, once none is on its way any more."""
    for verification in load.accepted.values():
        eventually(partial(_sent_at, shop, verification))
    refs = Counter(message.ref for message in shop.stack.phone.messages)
    return Counter(refs[f"{verification['id']}.1"] for verification in load.accepted.values())


def _sent_at(shop: Shop, verification: dict[str, Any]) -> str | None:
    sent_at: str | None = shop.read(verification)["delivery"]["sent_at"]
    return sent_at
