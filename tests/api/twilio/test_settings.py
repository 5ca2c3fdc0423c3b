"""What an app may look at and the operator sets, by Twilio's client for Python: rate limits, templates."""

import pytest
from twilio.rest import Client

from otp_worker.domain.texts.template import Template
from otp_worker.domain.twilio_sids import service_sid
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.apps import Apps
from otp_worker.operations.templates import AppTemplates
from tests.api.service import Service
from tests.api.twilio.caller import TwilioCaller, error
from tests.contract.service import NUMBER, START

VA = service_sid("shop", None)


def test_an_apps_buckets_are_its_rate_limits_and_their_rates_its_buckets(
    client: tuple[Client, Service],
) -> None:
    twilio, otp = client
    Apps(otp.db, otp.clock).change("shop", {"buckets": {"device": "5/h,20/d", "session": "3/10m"}})
    service = twilio.verify.v2.services(VA)
    device, session = service.rate_limits.list()
    assert (device.unique_name, session.unique_name) == ("device", "session")
    assert (
        service.rate_limits(device.sid).fetch().sid == service.rate_limits("device").fetch().sid == device.sid
    )
    buckets = service.rate_limits(device.sid).buckets.list()
    assert [(each.max, each.interval) for each in buckets] == [(5, 3600), (20, 86_400)]
    assert len({each.sid for each in buckets}) == 2
    fetched = service.rate_limits(device.sid).buckets(buckets[1].sid).fetch()
    assert (fetched.max, fetched.date_created) == (20, START)
    service.verifications.create(to=NUMBER, channel="sms", rate_limits='{"session": "s1"}')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "RateLimits"),
        ("POST", "RateLimits/device"),
        ("DELETE", "RateLimits/device"),
        ("POST", "RateLimits/device/Buckets"),
        ("POST", "RateLimits/device/Buckets/BL"),
        ("DELETE", "RateLimits/device/Buckets/BL"),
    ],
)
def test_the_operator_alone_changes_them(twilio: TwilioCaller, method: str, path: str) -> None:
    answer = twilio.simulate_request(method, f"{twilio.service}/{path}")
    assert error(answer) == (403, 60204)
    assert "otp-worker apps set" in answer.json["message"]


@pytest.mark.parametrize(
    "path", ["RateLimits/x", "RateLimits/x/Buckets", "RateLimits/x/Buckets/BL", "RateLimits/%00"]
)
def test_what_is_no_limit_is_not_found(twilio: TwilioCaller, path: str) -> None:
    assert error(twilio.simulate_get(f"{twilio.service}/{path}")) == (404, 20404)


def test_templates_are_listed_and_may_be_named_by_a_send(client: tuple[Client, Service]) -> None:
    twilio, otp = client
    assert twilio.verify.v2.templates.list() == []
    template = Template({"en": "{code} opens the door", "de": "{code} macht auf"}, "en")
    AppTemplates(otp.db, otp.clock, OperatorsTexts()).define("shop", "door", template)
    (door,) = twilio.verify.v2.templates.list()
    assert (door.friendly_name, door.channels) == ("door", ["sms"])
    assert door.translations["de"]["text"] == "{code} macht auf"
    assert {tag: told["is_default_translation"] for tag, told in door.translations.items()} == {
        "en": True,
        "de": False,
    }
    assert twilio.verify.v2.templates.list(friendly_name="gate") == []
    service = twilio.verify.v2.services(VA)
    service.verifications.create(to=NUMBER, channel="sms", template_sid=door.sid)
    otp.deliver_queued()
    assert "opens the door" in otp.gateway.messages[0].text
