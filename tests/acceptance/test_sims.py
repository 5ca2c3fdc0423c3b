"""Two phones behind two kinds of gateway, in a whole running service."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from otp_worker.devtools.processes.stack import GATEWAY_KEY, WEBHOOK_SECRET, planned_stack
from otp_worker.devtools.simulator import Message, Simulator
from otp_worker.devtools.simulator.profiles.smsgate_requests import DEVICE
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number
from tests.acceptance.test_faults import under_load

SMSGATE_KEY = "sms:password-of-the-second-phone"


@dataclass
class Office:
    """A shop, and the operator's two phones."""

    shop: Shop
    first: Simulator
    second: Simulator

    def sms(self, number: str) -> Message:
        """The SMS to that number, on whichever phone it was sent."""

        def look() -> Message | None:
            found = [*self.first.messages.select(to=number), *self.second.messages.select(to=number)]
            return found[0] if found else None

        return eventually(look)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The whole service over a gateways file: Mobile API Connect, and SMSGate on the phone itself."""
    folder: Path = tmp_path_factory.mktemp("sims")
    with (
        Simulator(profile="smsgate", key=SMSGATE_KEY, webhook_secret=WEBHOOK_SECRET) as second,
        planned_stack(folder, f"sqlite:///{folder}/otp.db") as stack,
    ):
        file = folder / "gateways.toml"
        file.write_text(
            f'[gateways.first]\nkind = "mobile_api_connect"\nurl = "{stack.phone.url}"\n'
            f'key = "{GATEWAY_KEY}"\nwebhook_secret = "{WEBHOOK_SECRET}"\n'
            f'[gateways.second]\nkind = "smsgate"\nurl = "{second.url}"\nkey = "{SMSGATE_KEY}"\n'
            f'webhook_secret = "{WEBHOOK_SECRET}"\ndevice = "{DEVICE}"\n'
        )
        for name in ("OTP_GATEWAY_URL", "OTP_GATEWAY_KEY", "OTP_GATEWAY_WEBHOOK_SECRET"):
            del stack.settings[name]
        stack.settings["OTP_GATEWAYS_FILE"] = str(file)
        stack.prepare()
        second.webhook_url = stack.command("callback-url", "second").stdout.strip()
        stack.start()
        stack.await_ready()
        yield Office(Shop(stack), stack.phone, second)


@pytest.fixture(autouse=True)
def _online(office: Office) -> Iterator[None]:
    yield
    office.first.knobs.reset()
    office.second.knobs.reset()


def test_codes_go_over_both_phones_and_are_right(office: Office) -> None:
    while not (len(office.first.messages) and len(office.second.messages)):
        number = fresh_number()
        verification = office.shop.send(number)
        assert office.shop.check(verification, code_in(office.sms(number))).json()["valid"]


def test_receipts_of_both_kinds_come_in(office: Office) -> None:
    sent = [office.shop.send(fresh_number()) for _ in range(20)]

    def both() -> bool:
        found = [office.shop.read(verification)["delivery"] for verification in sent]
        return {each["gateway"] for each in found if each["status"] == "delivered"} == {"first", "second"}

    eventually(both)


def test_one_phone_dies_under_load_and_the_other_sends_everything_in_time(office: Office) -> None:
    with under_load(office.shop) as load:
        load.goes_on(10)
        office.first.knobs.set(offline=True)
        load.goes_on(40)
    taken_by_the_second = 0
    for number, accepted in load.accepted.items():
        message = office.sms(number)
        deadline = datetime.fromisoformat(accepted["delivery"]["deadline_at"])
        assert message.taken_at.astimezone(UTC) <= deadline
        taken_by_the_second += bool(office.second.messages.select(to=number))
        assert (
            len(office.first.messages.select(to=number)) + len(office.second.messages.select(to=number)) == 1
        )
    assert taken_by_the_second > 20
    assert load.refused == []


def test_an_operator_sees_which_sim_sent_what(office: Office) -> None:
    listed = json.loads(office.shop.command("gateways", "--json").stdout)
    sent = {row["sim"]: int(row["sent_today"]) for row in listed["sims"]}
    assert sent["first"] == len(office.first.messages)
    assert sent["second"] == len(office.second.messages)
