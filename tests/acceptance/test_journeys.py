"""What people do with the service, each journey over the real processes."""

import json
from typing import Any

import pytest
import requests

from otp_worker.devtools.processes.stack import FLOWER_AUTH
from otp_worker.devtools.simulator import Message
from tests.acceptance import documents
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number

NEEDS_MORE = ("/v1/entry-links", "/v1/webhook-endpoints")
"""What the key here may not do, or the operator turns on; test_code_samples.py makes these calls."""


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_is_sent_and_checked(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    assert (verification["status"], verification["delivery"]["status"]) == ("pending", "queued")
    sms = shop.sms(number)
    assert sms.text == f"Your code is {code_in(sms)} (valid 5 minutes)."
    result = shop.check(verification, code_in(sms))
    assert (result.status_code, result.json()["valid"], result.json()["status"]) == (200, True, "approved")
    again = shop.check(verification, code_in(sms))
    assert (again.status_code, again.json()["verification_status"]) == (410, "approved")


@pytest.mark.parametrize("document", ["README.md", "api/README.md"])
def test_the_first_calls_by_curl_answer_as_the_document_says(shop: Shop, document: str) -> None:
    number = fresh_number()
    (send, accepted), (check, approved), *reads = documents.calls(document)
    sent = documents.run_curl(send, {documents.WRITTEN_NUMBER: number}, shop.stack.url, shop.stack.api_key)
    assert documents.fields_of(accepted) <= documents.fields_of(json.dumps(sent))
    assert sent["status"] == "pending"
    found = {documents.WRITTEN_ID: sent["id"], documents.WRITTEN_CODE: code_in(shop.sms(number))}
    checked = documents.run_curl(check, found, shop.stack.url, shop.stack.api_key)
    shown = approved.replace(documents.WRITTEN_ID, sent["id"])
    assert checked == json.loads(shown)
    # The number first: the code that is written in the documents is a part of it.
    known = {documents.WRITTEN_NUMBER: number, **found}
    for call, answer in reads:
        if any(path in call for path in NEEDS_MORE):
            continue
        read = documents.run_curl(call, known, shop.stack.url, shop.stack.api_key)
        assert documents.fields_of(answer) <= documents.fields_of(json.dumps(read))
        if documents.WRITTEN_ID in answer:
            assert sent["id"] in json.dumps(read)


def test_the_first_calls_in_python_sign_somebody_in_as_they_are_written(shop: Shop) -> None:
    number = fresh_number()
    (block,) = [each for each in documents.blocks("api/README.md", "python") if "signed_in" in each]
    for written, value in {documents.WRITTEN_URL: shop.stack.url, documents.WRITTEN_NUMBER: number}.items():
        assert written in block
        block = block.replace(written, value)
    typed = {"typed": lambda: code_in(shop.sms(number))}
    names = documents.Names({"key": shop.stack.api_key}, typed)
    exec(block, {}, names)
    assert names["signed_in"] is True
    assert names["sent"].user == "user-17"
    names["otp"].close()


def test_the_receipt_of_the_phone_moves_the_delivery_to_delivered(shop: Shop) -> None:
    verification = shop.send(fresh_number())
    found = shop.until(verification, delivery_status="delivered")
    assert found["delivery"]["delivered_at"] is not None


def test_five_wrong_codes_end_it(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    answers = [shop.check(verification, wrong(code)).json() for _ in range(5)]
    assert [answer["checks_left"] for answer in answers] == [4, 3, 2, 1, 0]
    assert answers[-1]["status"] == "max_checks_reached"
    assert shop.check(verification, code).status_code == 410


def test_a_code_expires_and_a_sweep_ends_it(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    shop.until(verification, delivery_status="delivered")
    shop.change(f"UPDATE verifications SET expires_at = created_at WHERE id = '{verification['id']}'")
    late = shop.check(verification, code)
    assert (late.status_code, late.json()["verification_status"]) == (410, "expired")
    assert eventually(lambda: shop.read(verification)["ended_at"])


def test_a_resend_brings_the_same_code(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    first = code_in(shop.sms(number))
    shop.until(verification, delivery_status="delivered")
    early = shop.call("POST", f"/v1/verifications/{verification['id']}/resend")
    assert early.status_code == 429
    assert 1 <= int(early.headers["Retry-After"]) <= 30
    shop.change(f"UPDATE verifications SET resend_at = created_at WHERE id = '{verification['id']}'")
    assert shop.call("POST", f"/v1/verifications/{verification['id']}/resend").status_code == 202
    messages = eventually(lambda: _two(shop, number))
    assert [code_in(message) for message in messages] == [first, first]


def test_a_canceled_one_cannot_be_checked(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    assert shop.call("POST", f"/v1/verifications/{verification['id']}/cancel").json()["status"] == "canceled"
    assert shop.check(verification, code).status_code == 410


def test_a_phone_that_is_offline_gets_it_when_it_is_back(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    number = fresh_number()
    verification = shop.send(number)
    waiting = shop.until(verification, delivery_status="waiting")
    assert waiting["delivery"]["reason"] == "it waits for a phone that can send it"
    assert waiting["delivery"]["next_attempt_at"] is not None
    shop.stack.phone.knobs.set(offline=False)
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]


def test_an_account_that_is_suspended_fails_nobody_and_is_no_apps_business(shop: Shop) -> None:
    shop.stack.phone.knobs.set(suspended=True)
    number = fresh_number()
    verification = shop.send(number)
    waiting = shop.until(verification, delivery_status="waiting")
    assert waiting["delivery"]["reason"] == "it waits for a phone that can send it"
    shop.stack.phone.knobs.set(suspended=False)
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]


def test_an_answer_lost_after_taking_sends_the_same_code_again(shop: Shop) -> None:
    shop.stack.phone.knobs.set(receipts=[])
    shop.stack.phone.knobs.set(lose_reply=True, next=1)
    number = fresh_number()
    verification = shop.send(number)
    first, second = eventually(lambda: _two(shop, number))
    assert code_in(first) == code_in(second)
    assert first.ref == second.ref
    assert shop.check(verification, code_in(second)).json()["valid"]


def test_a_receipt_that_follows_a_lost_answer_spares_the_second_sms(shop: Shop) -> None:
    shop.stack.phone.knobs.set(lose_reply=True, next=1)
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    shop.until(verification, delivery_status="delivered")
    assert shop.check(verification, code).json()["valid"]
    assert len(list(shop.stack.phone.messages.select(to=number))) == 1


def test_a_reply_is_kept_beside_its_verification(shop: Shop) -> None:
    number = fresh_number()
    verification = shop.send(number)
    code = code_in(shop.sms(number))
    shop.stack.phone.reply(number, f"it was not me who asked for {code}")
    reply = eventually(lambda: _reply_to(shop, verification["id"]))
    assert reply["text"] == "it was not me who asked for ****"
    assert reply["from"].startswith("+44***")


def test_a_job_whose_broker_was_wiped_is_still_sent(shop: Shop) -> None:
    shop.stack.fleet.stop("worker")
    number = fresh_number()
    verification = shop.send(number)
    shop.stack.broker.wipe()
    shop.stack.start("worker")
    assert shop.check(verification, code_in(shop.sms(number))).json()["valid"]


def test_a_verification_is_found_in_flower_by_its_id_with_its_retries(shop: Shop) -> None:
    shop.stack.phone.knobs.set(offline=True)
    number = fresh_number()
    verification = shop.send(number)
    user, _, password = FLOWER_AUTH.partition(":")
    task_url = f"{shop.stack.flower_url}/api/task/info/{verification['id']}.1"
    assert requests.get(task_url, timeout=5).status_code == 401

    def task() -> dict[str, Any]:
        answer = requests.get(task_url, auth=(user, password), timeout=5)
        found: dict[str, Any] = answer.json() if answer.ok else {}
        return found

    eventually(lambda: task().get("retried"))
    shop.stack.phone.knobs.set(offline=False)
    shop.sms(number)
    eventually(lambda: task()["state"] == "SUCCESS")


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/static/swagger-ui-bundle.js", "/openapi.json", "/healthz", "/readyz"]
)
def test_the_open_pages_are_served(shop: Shop, path: str) -> None:
    assert requests.get(shop.stack.url + path, timeout=5).status_code == 200


def test_the_command_line_sends_checks_and_shows(shop: Shop) -> None:
    number = fresh_number()
    sent = shop.command("send", number, "--json")
    assert sent.returncode == 0, sent.stderr
    verification = json.loads(sent.stdout)
    code = code_in(shop.sms(number))
    assert shop.command("check", verification["id"], wrong(code)).returncode == 1
    right = shop.command("check", verification["id"], code, "--json")
    assert (right.returncode, json.loads(right.stdout)["valid"]) == (0, True)
    shown = json.loads(shop.command("show", verification["id"], "--json").stdout)
    assert (shown["status"], shown["checks_left"]) == ("approved", 3)
    assert number not in sent.stdout + right.stdout
    forgotten = shop.command("forget", number, "--yes")
    assert (forgotten.returncode, number in forgotten.stdout) == (0, False)
    assert "1 verifications" in forgotten.stdout
    assert shop.command("show", verification["id"]).returncode != 0


def test_the_doctor_finds_a_healthy_service_healthy_and_a_sick_one_sick(shop: Shop) -> None:
    healthy = shop.command("doctor", "--json")
    assert healthy.returncode == 0, healthy.stdout
    assert {finding["verdict"] for finding in json.loads(healthy.stdout)} <= {"ok", "look"}
    shop.stack.phone.knobs.set(suspended=True)
    sick = shop.command("doctor", "--json")
    assert sick.returncode == 1
    summary, *found = json.loads(sick.stdout)
    assert [finding["name"] for finding in found if finding["verdict"] == "fix"] == ["gateway"]
    assert (summary["name"], summary["verdict"]) == ("summary", "fix")


def test_the_doctor_sends_a_test_sms(shop: Shop) -> None:
    number = fresh_number()
    assert shop.command("doctor", "--send", number).returncode == 0
    assert "test message" in shop.sms(number).text


def _two(shop: Shop, number: str) -> list[Message] | None:
    found = list(shop.stack.phone.messages.select(to=number))
    return found if len(found) == 2 else None


def _reply_to(shop: Shop, verification_id: str) -> dict[str, str] | None:
    replies = json.loads(shop.command("replies", "--json").stdout)
    return next((reply for reply in replies if reply["verification_id"] == verification_id), None)
