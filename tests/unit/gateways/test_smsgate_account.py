"""An SMSGate account as an operator describes it."""

import pytest
from pydantic import ValidationError

from otp_worker.gateways.smsgate import SmsGateAccount

KEY = "sms:a-long-password"


def test_the_cloud_is_meant_where_no_url_is_given() -> None:
    account = SmsGateAccount.model_validate({"key": KEY})
    assert account.url == "https://api.sms-gate.app/3rdparty/v1"
    assert (account.device, account.active_within_hours) == (None, 0)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"key": "no-colon-in-it"}, "key"),
        ({"url": "phone.local:8080"}, "url"),
        ({"device": ""}, "device"),
        ({"active_within_hours": -1}, "active_within_hours"),
        ({"deviceId": "a-phone"}, "deviceId"),
    ],
)
def test_a_wrong_field_is_named_and_never_quoted(fields: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError) as raised:
        SmsGateAccount.model_validate({"key": KEY, **fields})
    assert [error["loc"] for error in raised.value.errors()] == [(named,)]
    assert "no-colon-in-it" not in str(raised.value)


def test_the_right_form_of_a_key_is_told() -> None:
    with pytest.raises(ValidationError, match="user:password"):
        SmsGateAccount.model_validate({"key": "sms"})
