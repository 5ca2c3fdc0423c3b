"""Twilio's names for what there is here."""

import re

import pytest

from otp_worker.domain import twilio_sids as sids

VERIFICATION = "ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"


def test_a_sid_leads_back_to_what_it_names() -> None:
    sid = sids.verification_sid(VERIFICATION)
    assert re.fullmatch(r"VE[0-9a-f]{32}", sid)
    assert sids.verification_id(sid) == VERIFICATION
    message = VERIFICATION.replace("ver_", "msg_")
    assert sids.message_id(sids.message_sid(message)) == message


@pytest.mark.parametrize("number", [1, 2, 20, 63])
def test_each_sms_of_a_verification_has_a_sid_of_its_own(number: int) -> None:
    sid = sids.attempt_sid(f"{VERIFICATION}.{number}")
    assert re.fullmatch(r"VL[0-9a-f]{32}", sid)
    assert sids.delivery_of(sid) == (VERIFICATION, number)


@pytest.mark.parametrize(
    "odd",
    ["", "VE", "VE" + "0" * 31, "VE" + "0" * 33, "VE" + "G" * 32, "VA" + "0" * 32, "VE" + "0" * 31 + "\n"],
)
def test_what_is_no_sid_names_nothing(odd: str) -> None:
    assert sids.verification_id(odd) is None
    assert sids.message_id(odd.replace("VE", "SM")) is None
    assert sids.delivery_of(odd.replace("VE", "VL")) is None


def test_an_app_has_one_account_and_a_service_for_each_purpose() -> None:
    assert sids.account_sid("shop") == sids.account_sid("shop") != sids.account_sid("test:shop")
    services = {sids.service_sid("shop", purpose) for purpose in (None, "login", "payment")}
    assert len(services | {sids.service_sid("bank", None)}) == 4
