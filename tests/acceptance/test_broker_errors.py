"""The service outlives whatever its broker answers, and goes on when the broker does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from amqp.exceptions import NotFound

from otp_worker.devtools.processes.rabbitmq import EmbeddedRabbit
from otp_worker.devtools.processes.stack import Stack
from otp_worker.service.celery_app import DELIVER_QUEUE, make_celery
from otp_worker.service.publisher import DeliveryQueue
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number

LINES = ("web", "worker", "upkeep", "beat", "flower", "console")


over_redis = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
over_rabbitmq = pytest.mark.parametrize("stack", ["rabbitmq"], indirect=True)


@dataclass(frozen=True)
class Fault:
    """What is done to a broker, the answer that follows, how it is undone, and who logs the answer."""

    answer: str
    begin: Callable[[Any], Any]
    end: Callable[[Any], Any]
    logged_by: tuple[str, ...] = ("worker", "upkeep", "beat")


def _wrong_type(client: redis.Redis) -> None:
    client.delete(DELIVER_QUEUE)
    client.hset(DELIVER_QUEUE, "not", "a list")


def _busy(client: redis.Redis) -> None:
    client.config_set("busy-reply-threshold", 1)
    # Its answer is not waited for: there is none before the script is killed.
    connection: Any = client.connection_pool.get_connection()
    connection.send_command("EVAL", "while true do end", 0)


def _set(name: str, value: int) -> Callable[[redis.Redis], Any]:
    return lambda client: client.config_set(name, value)


FAULTS = {
    "failover": Fault(
        "read only replica", lambda c: c.replicaof("127.0.0.1", 1), lambda c: c.replicaof("NO", "ONE")
    ),
    "no memory": Fault("used memory", _set("maxmemory", 1), _set("maxmemory", 0), ("beat",)),
    "no replicas": Fault("NOREPLICAS", _set("min-replicas-to-write", 1), _set("min-replicas-to-write", 0)),
    "wrong type": Fault("WRONGTYPE", _wrong_type, lambda c: c.delete(DELIVER_QUEUE), ("worker",)),
    "no right": Fault(
        "no permissions",
        lambda c: c.execute_command("ACL", "SETUSER", "default", "-brpop", "-lpush", "-sadd"),
        lambda c: c.execute_command("ACL", "SETUSER", "default", "+@all"),
    ),
    "busy": Fault("BUSY", _busy, lambda c: c.script_kill(), ("beat",)),
}


@contextmanager
def faulty(stack: Stack, fault: Fault) -> Iterator[None]:
    """Run the block while Redis answers with errors."""
    with redis.Redis.from_url(stack.broker.url) as client:
        fault.begin(client)
        try:
            yield
        finally:
            fault.end(client)


def _says(log: Path, read: int, words: str) -> bool:
    """Whether what a log got after its first ``read`` bytes has these words."""
    return words in log.read_bytes()[read:].decode()


def _names(stack: Stack, answer: str) -> bool:
    """Whether readiness says that the broker answers so."""
    ready = requests.get(f"{stack.url}/readyz", timeout=10).json()
    broker = next(check for check in ready["checks"] if check["name"] == "broker")
    return not broker["ok"] and answer in broker["detail"]


def _await_consumers(shop: Shop) -> None:
    """Wait until deliveries are consumed, which may take seconds after an earlier fault."""
    number = fresh_number()
    shop.send(number)
    shop.sms(number)


def _assert_all_live(stack: Stack) -> None:
    stack.fleet.check()
    assert {line for line in LINES if line in stack.fleet} == set(LINES)


@over_redis
@pytest.mark.parametrize("name", FAULTS)
def test_every_process_outlives_an_error_reply_of_redis_and_goes_on(shop: Shop, name: str) -> None:
    stack, fault = shop.stack, FAULTS[name]
    _await_consumers(shop)
    logs = {line: stack.fleet.log(line) for line in fault.logged_by}
    read = {line: log.stat().st_size for line, log in logs.items()}
    number = fresh_number()
    with faulty(stack, fault):
        for line, log in logs.items():
            eventually(partial(_says, log, read[line], fault.answer))
        verification = shop.send(number)
        eventually(partial(_names, stack, fault.answer))
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]
    stack.await_ready()
    _assert_all_live(stack)


@over_redis
def test_every_process_starts_while_redis_takes_no_writes_and_works_when_it_does(shop: Shop) -> None:
    stack, number = shop.stack, fresh_number()
    with faulty(stack, FAULTS["failover"]):
        for line in ("worker", "upkeep", "beat", "flower"):
            stack.fleet.restart(line)
        log = stack.fleet.log("worker")
        read = log.stat().st_size
        eventually(partial(_says, log, read, "ReadOnlyError"))
        verification = shop.send(number)
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]
    stack.await_ready()
    _assert_all_live(stack)


@over_redis
def test_an_error_reply_while_sends_are_in_hand_loses_and_doubles_none(shop: Shop) -> None:
    stack, phone = shop.stack, shop.stack.phone
    # Without receipts: one that comes before the answer would settle the delivery.
    phone.knobs.set(receipts=[], slow_seconds=2.0)
    numbers = [fresh_number() for _ in range(8)]
    verifications = [shop.send(number) for number in numbers]
    in_hand = verifications[:2]
    eventually(lambda: all(shop.read(each)["delivery"]["status"] == "sending" for each in in_hand))
    with faulty(stack, FAULTS["failover"]):
        # Their acknowledgements are refused.
        for verification in in_hand:
            shop.until(verification, delivery_status="sent")
    phone.knobs.reset()
    for number, verification in zip(numbers, verifications, strict=True):
        assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]
        assert len(list(phone.messages.select(to=number))) == 1
    _assert_all_live(stack)


def _delete_queue(rabbit: EmbeddedRabbit) -> None:
    rabbit.control("delete_queue", DELIVER_QUEUE)


def _forbid(rabbit: EmbeddedRabbit) -> None:
    rabbit.control("set_permissions", "otp", "^$", "^$", "^$")
    # What is connected keeps its rights until it asks for something else.
    rabbit.control("close_all_connections", "rights have changed")


def _allow(rabbit: EmbeddedRabbit) -> None:
    rabbit.control("set_permissions", "otp", ".*", ".*", ".*")


RABBIT_FAULTS = {
    "a right is taken": Fault("ACCESS_REFUSED", _forbid, _allow),
    "the queue is deleted": Fault("ConsumerCancelled", _delete_queue, lambda _: None, ("worker",)),
    "a resource alarm": Fault(
        "alarm",
        lambda rabbit: rabbit.control("set_vm_memory_high_watermark", "0.000001"),
        lambda rabbit: rabbit.control("set_vm_memory_high_watermark", "0.4"),
        ("beat",),
    ),
}


@over_rabbitmq
@pytest.mark.parametrize("name", RABBIT_FAULTS)
def test_every_process_outlives_what_rabbitmq_answers_and_goes_on(shop: Shop, name: str) -> None:
    stack, fault, rabbit = shop.stack, RABBIT_FAULTS[name], shop.stack.broker
    _await_consumers(shop)
    logs = {line: stack.fleet.log(line) for line in fault.logged_by}
    read = {line: log.stat().st_size for line, log in logs.items()}
    number = fresh_number()
    fault.begin(rabbit)
    try:
        for line, log in logs.items():
            eventually(partial(_says, log, read[line], fault.answer))
        verification = shop.send(number)
        if fault is not RABBIT_FAULTS["the queue is deleted"]:
            eventually(partial(_names, stack, fault.answer))
    finally:
        fault.end(rabbit)
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]
    stack.await_ready()
    _assert_all_live(stack)


@over_rabbitmq
def test_asking_for_the_length_of_a_missing_queue_makes_none(shop: Shop) -> None:
    rabbit: Any = shop.stack.broker
    rabbit.control("add_vhost", "empty")
    try:
        rabbit.control("set_permissions", "--vhost", "empty", "otp", ".*", ".*", ".*")
        app = make_celery(rabbit.url.removesuffix("/") + "empty", publish_wait_seconds=5.0)
        queue = DeliveryQueue(app)
        assert [queue.backlog(), queue.check(), queue.backlog()] == [0, 0, 0]
        with app.connection_for_write() as connection, pytest.raises(NotFound):
            connection.default_channel.queue_declare(DELIVER_QUEUE, passive=True)
        assert queue.publish_deliveries(["d1", "d2"])
        assert queue.backlog() == 2
    finally:
        rabbit.control("delete_vhost", "empty")
