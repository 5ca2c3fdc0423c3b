"""No code and no full number anywhere but where they must be: the phone, and the number's own column."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import redis
import requests
from requests import Response
from sqlalchemy import text

from otp_worker.devtools.processes.rabbitmq import EmbeddedRabbit
from otp_worker.devtools.processes.stack import FLOWER_AUTH
from otp_worker.domain.app import KeyScope
from otp_worker.domain.ports import utc_now
from otp_worker.operations.apps import Apps
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store.schema import metadata
from tests.acceptance.shop import HOOK_LOGIN, Shop, code_in, eventually, fresh_number

TABLES = [table.name for table in metadata.sorted_tables]
GIVEN = "915027"
HOOKED, MISHOOKED = "640183", "640184"
"""Codes of another system: one that is sent, and one that is refused."""
PAYEE = "Zebulon Quimby"
TEXT, UNSENT_TEXT = "Zenobia, your locker is open", "Zenobia, the parcel waits at the quay"
GIVEN_WORDS = (GIVEN, HOOKED, MISHOOKED, PAYEE, TEXT, UNSENT_TEXT, "Zenobia")


def test_nothing_but_the_phone_and_the_numbers_column_knows_the_code_or_the_number(shop: Shop) -> None:
    numbers, codes = [fresh_number() for _ in range(4)], [*GIVEN_WORDS]
    for number in numbers:
        verification = shop.send(number, {"Idempotency-Key": f"for-{number}"})
        code = code_in(shop.sms(number))
        codes.append(code)
        shop.check(verification, code)
        shop.stack.phone.reply(number, f"my code is {code}")
    given = _give_a_code(shop) + _post_to_the_hook(shop, numbers[3])
    texter = _messages_key(shop)
    texted = _send_a_text(shop, texter)
    shop.stack.phone.knobs.set(refuse=(numbers[0],))
    shop.until(shop.send(numbers[0]), status="failed")
    shop.stack.phone.knobs.set(refuse=(), suspended=True)
    shop.until(shop.send(numbers[2]), delivery_status="waiting")
    shop.stack.phone.knobs.set(suspended=False, offline=True)
    waiting = shop.send(numbers[1])
    shop.until(waiting, delivery_status="waiting")
    errors = [
        given,
        texted,
        _leave_texts_waiting(shop, texter),
        *_refusals(shop, numbers[0], codes[-1], waiting),
    ]
    eventually(lambda: _kept_replies(shop) >= 4)

    secrets = [*codes, *(number[1:] for number in numbers), *(number[3:] for number in numbers)]
    places = {
        "broker": _broker(shop),
        "Flower": _flower(shop),
        "logs": "".join(log.read_text(errors="replace") for log in shop.stack.fleet.logs.iterdir()),
        "database": _database(shop),
        "error bodies": "".join(errors),
    }
    for place, content in places.items():
        assert len(content) > 100, f"nothing was searched in {place}"
        for secret in secrets:
            # A code is six digits: among ids, hashes and times the same six can stand by chance.
            assert not _stands_alone(secret, content), f"{place} knows {secret}"


def _refusals(shop: Shop, number: str, code: str, waiting: dict[str, Any]) -> list[str]:
    """What is said to requests that hold a number and codes where they must not."""
    return [
        shop.call("POST", "/v1/verifications", {"to": number, "code": f"{GIVEN}x"}).text,
        shop.call("POST", "/v1/verifications", {"to": number, "code": code}).text,
        shop.call("POST", "/v1/verifications/check", {"to": number, "code": int(code)}).text,
        shop.check(waiting, f"{code}x").text,
        shop.call("GET", f"/v1/verifications/{number}").text,
    ]


def _give_a_code(shop: Shop) -> str:
    """Codes that the app gives, one approved and one pending, and one for a payment; what was answered."""
    with closing(shop.database()) as database:
        Apps(database, utc_now).change("shop", {"custom_codes": True})
    given, kept = (
        shop.call(
            "POST",
            "/v1/verifications",
            {"to": fresh_number(), "code": GIVEN},
            headers={"Idempotency-Key": key},
        )
        for key in ("given", "kept")
    )
    paid = {"to": fresh_number(), "amount": "12.50", "currency": "EUR", "payee": PAYEE}
    paying = shop.call("POST", "/v1/verifications", paid, headers={"Idempotency-Key": "paid"})
    eventually(lambda: shop.read(paying.json())["delivery"]["sent_at"])
    eventually(lambda: shop.read(given.json())["delivery"]["sent_at"])
    assert shop.check(given.json(), GIVEN).json()["valid"]
    return given.text + kept.text


def _messages_key(shop: Shop) -> str:
    with closing(shop.database()) as database:
        return ApiKeys(database).create("shop", utc_now(), scopes=frozenset({KeyScope.MESSAGE}))


def _text(shop: Shop, key: str, text: str, **more: object) -> Response:
    body = {"to": fresh_number(), "text": text, **more}
    return shop.call("POST", "/v1/messages", body, key=key, headers={"Idempotency-Key": f"for-{body['to']}"})


def _send_a_text(shop: Shop, key: str) -> str:
    """A text that is sent, and one that is called back; what was answered."""
    sent, later = _text(shop, key, TEXT), _text(shop, key, UNSENT_TEXT, priority="notice")
    one = f"/v1/messages/{sent.json()['id']}"
    eventually(lambda: shop.call("GET", one, key=key).json()["delivery"]["sent_at"])
    canceled = shop.call("POST", f"/v1/messages/{later.json()['id']}/cancel", key=key)
    listed = shop.call("GET", "/v1/messages", key=key)
    return "".join(each.text for each in (sent, later, canceled, listed))


def _leave_texts_waiting(shop: Shop, key: str) -> str:
    """Texts that wait for the phone, beside some that cannot be sent; what was answered."""
    refused = _text(shop, key, f"{TEXT}\a")
    waits = {"to": fresh_number(), "text": UNSENT_TEXT}
    batch = [waits, {**waits, "text": f"{UNSENT_TEXT}\a"}, {**waits, "extra": UNSENT_TEXT}]
    headers = {"Idempotency-Key": "a-batch"}
    answered = shop.call("POST", "/v1/messages/batch", {"messages": batch}, key=key, headers=headers)
    assert (refused.status_code, answered.json()["accepted"]) == (422, 1)
    return refused.text + answered.text


def _post_to_the_hook(shop: Shop, number: str) -> str:
    """What another system posts, twice, and once more what cannot be sent; what was answered."""

    def post(to: str, code: str) -> requests.Response:
        body = {"recipient": to, "body": f"Your login code is: {code}"}
        return requests.post(f"{shop.stack.url}/v1/hooks/kratos", json=body, auth=HOOK_LOGIN, timeout=15)

    first, again, refused = post(number, HOOKED), post(number, HOOKED), post(f"{number}0", MISHOOKED)
    assert (first.status_code, first.text) == (200, again.text)
    assert refused.status_code == 422
    eventually(lambda: HOOKED in shop.sms(number).text)
    return first.text + again.text + refused.text


def test_what_is_at_rest_is_the_operators_alone(shop: Shop) -> None:
    folder = shop.stack.fleet.logs.parent
    eventually(lambda: list(folder.glob("flower*")))
    for kept in (*folder.glob("flower*"), *folder.glob("otp.db*")):
        assert kept.stat().st_mode & 0o077 == 0, f"{kept.name} is readable for others"


def _stands_alone(secret: str, content: str) -> bool:
    at = content.find(secret)
    while at >= 0:
        around = content[at - 1 : at] + content[at + len(secret) : at + len(secret) + 1]
        if len(secret) > 6 or not any(char.isalnum() or char in ".-_" for char in around):
            return True
        at = content.find(secret, at + 1)
    return False


def _broker(shop: Shop) -> str:
    if isinstance(shop.stack.broker, EmbeddedRabbit):
        return shop.stack.broker.stored()
    with closing(redis.Redis.from_url(shop.stack.broker.url)) as client:
        return "\n".join(f"{key!r} {value!r}" for key in client.scan_iter() for value in _values(client, key))


def _values(client: "redis.Redis", key: bytes) -> Iterator[object]:
    match client.type(key):
        case b"list":
            yield from client.lrange(key, 0, -1)
        case b"hash":
            yield from client.hgetall(key).items()
        case b"zset" | b"set":
            yield client.dump(key)
        case _:
            yield client.get(key)


def _flower(shop: Shop) -> str:
    user, _, password = FLOWER_AUTH.partition(":")
    pages = ("/api/tasks", "/api/workers", "/tasks", "/workers", "/broker")
    base, auth = shop.stack.flower_url, (user, password)
    found = [requests.get(base + page, auth=auth, timeout=10).text for page in pages]
    tasks = json.loads(found[0])
    infos = [
        requests.get(f"{shop.stack.flower_url}/task/{task}", auth=(user, password), timeout=10).text
        for task in list(tasks)
        if task.startswith("ver_")
    ]
    assert infos
    return "\n".join(found + infos)


def _database(shop: Shop) -> str:
    with closing(shop.database()) as database, database.read() as connection:
        rows = [
            {name: value for name, value in row._mapping.items() if name != "number"}
            for table in TABLES
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    return "\n".join(f" {value!r} {value!s} " for row in rows for value in row.values())


def _kept_replies(shop: Shop) -> int:
    with closing(shop.database()) as database, database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM replies")).scalar_one())
