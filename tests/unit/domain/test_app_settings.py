"""What may be set for one app, and what each refusal says."""

import json

import pytest

from otp_worker.domain.app_settings import SETTINGS, AppSettings, judged, of_texts, read_settings
from otp_worker.domain.errors import InvalidFieldsError
from otp_worker.domain.limits import Limit, Rate

WHOLE: dict[str, object] = {
    "shown_name": "Corner Shop",
    "default_locale": "de-AT",
    "code_length": 8,
    "ttl_seconds": 120,
    "channels": ["sms"],
    "purposes": ["login", "payment"],
    "limit": "500/h,2000/d",
    "checks_limit": "",
    "buckets": {"device": "5/h,20/d", "session": "3/10m"},
    "web_origin": "https://shop.example",
    "android_hashes": ["FA+9qCX9VSu"],
    "webhook_url": "https://shop.example/otp-events?v=1",
    "custom_codes": True,
}


def test_every_setting_can_be_set_and_is_read_back_as_it_is() -> None:
    assert WHOLE.keys() == SETTINGS.keys()
    kept = judged(WHOLE)
    assert kept == WHOLE
    read = read_settings(json.dumps(kept))
    for name, value in WHOLE.items():
        assert getattr(read, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(("text", "value"), [("on", True), (" OFF ", False)])
def test_a_switch_is_written_as_on_or_off(text: str, value: bool) -> None:
    setting = SETTINGS["custom_codes"]
    assert setting.of_text(text) is value
    assert setting.text_of(value) == text.strip().lower()


def test_every_example_is_a_value() -> None:
    for name, setting in SETTINGS.items():
        assert judged({name: setting.of_text(setting.example)})


def test_a_line_of_text_and_a_value_are_the_same() -> None:
    for name, value in WHOLE.items():
        assert of_texts({name: SETTINGS[name].text_of(value)}) == {name: value}


def test_nothing_is_set_unless_somebody_sets_it() -> None:
    assert read_settings(None) == read_settings("{}") == AppSettings()
    assert AppSettings().rates == {}


def test_a_setting_of_a_newer_version_is_passed_over() -> None:
    assert read_settings('{"code_length": 8, "invented_later": {"a": 1}}') == AppSettings(code_length=8)


def test_rates_stand_in_place_of_the_operators_and_an_empty_text_is_no_limit() -> None:
    settings = AppSettings(limit="5/10m", checks_limit="")
    assert settings.rates == {Limit.KEY: (Rate(5, 600),), Limit.CHECKS_KEY: ()}


def test_none_is_the_operators_again() -> None:
    assert judged(dict.fromkeys(SETTINGS)) == dict.fromkeys(SETTINGS)


def test_an_origin_is_kept_as_browsers_name_it() -> None:
    assert judged({"web_origin": "https://Shop.Example/"}) == {"web_origin": "https://shop.example"}
    assert judged({"limit": "5/h, 9/d"}) == {"limit": "5/h,9/d"}


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("shown_name", "", "1 to 32 printable"),
        ("shown_name", "x" * 33, "1 to 32 printable"),
        ("shown_name", "two\nlines", "on one line"),
        ("shown_name", "shop.example", "a link, or what a phone takes for one"),
        ("shown_name", ".evil", "a link, or what a phone takes for one"),
        ("shown_name", "Shop 2026", "which a phone takes for the code"),
        ("shown_name", "P\u0430ypal", "two scripts in one word"),
        ("shown_name", "@shop #1", "@ and #"),
        ("shown_name", 7, "give text"),
        ("default_locale", "german!", "a language tag, such as de-AT"),
        ("default_locale", "xx", "give one of af, ar"),
        ("code_length", 3, "from 4 to 10"),
        ("code_length", 11, "from 4 to 10"),
        ("code_length", True, "from 4 to 10"),
        ("code_length", "8", "from 4 to 10"),
        ("ttl_seconds", 59, "from 60 to 600"),
        ("ttl_seconds", 601, "from 60 to 600"),
        ("channels", [], "one or more of sms, inbound"),
        ("channels", ["call"], "one or more of sms, inbound"),
        ("channels", ["sms", "sms"], "name each once"),
        ("purposes", ["Log in"], "words of small letters"),
        ("purposes", [f"p{n}" for n in range(21)], "up to 20"),
        ("limit", "5 per hour", "give rates such as"),
        ("limit", "5/31d", "longer than OTP_RETENTION_DAYS"),
        ("checks_limit", "x", "give rates such as"),
        ("buckets", {}, "up to 10 names with rates"),
        ("buckets", ["device"], "up to 10 names with rates"),
        ("buckets", {"device": ""}, "up to 10 names with rates"),
        ("buckets", {"a device": "5/h"}, "name each bucket by a word"),
        ("buckets", {"device": "often"}, "give rates such as"),
        ("buckets", {"device": "5/31d"}, "longer than OTP_RETENTION_DAYS"),
        ("buckets", {f"b{n}": "5/h" for n in range(11)}, "up to 10 names with rates"),
        ("web_origin", "http://shop.example", "an https origin"),
        ("web_origin", "https://shop.example:8443", "without port and path"),
        ("web_origin", "https://shop.example/login", "without port and path"),
        ("web_origin", "https://192.0.2.7", "an https origin"),
        ("web_origin", "https://localhost", "an https origin"),
        ("web_origin", "https://shop.example\n", "an https origin"),
        ("web_origin", "https://a@shop.example", "an https origin"),
        ("android_hashes", ["tooshort"], "hashes of 11 characters"),
        ("android_hashes", ["FA+9qCX9VS\n"], "hashes of 11 characters"),
        ("webhook_url", "http://shop.example/x", "an https URL"),
        ("webhook_url", "https://user:pass@shop.example/x", "without a password"),
        ("webhook_url", "https://127.0.0.1/x", "a private address"),
        ("webhook_url", "https://localhost/x", "a private address"),
        ("webhook_url", "https://[::1]/x", "a private address"),
        ("webhook_url", "https://[::1/x", "an https URL"),
        ("webhook_url", "https://shop.example/" + "x" * 512, "an https URL"),
        ("custom_codes", "yes", "give on or off; in JSON true or false"),
        ("custom_codes", 1, "give on or off; in JSON true or false"),
        ("colour", "red", "there is no such setting; there are shown_name, default_locale"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name_and_the_fix(name: str, value: object, fix: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        judged({name: value}, retention_days=30)
    ((field, detail),) = refused.value.errors
    assert field == name
    assert fix in detail


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        judged({"code_length": 99, "shown_name": "Shop", "channels": ["call"]})
    assert [field for field, _ in refused.value.errors] == ["code_length", "channels"]
