"""Fields that cannot be accepted."""

import json
from typing import Any

import pytest

from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER

SEND = "/v1/verifications"

WRONG_FIELDS: list[tuple[str, object]] = [
    ("to", None),
    ("to", 447400123456),
    ("to", ["+447400123456"]),
    ("to", {"number": "+447400123456"}),
    ("to", ""),
    ("to", "+" + "4" * 64),
    ("to", "+4474\x0000123456"),
    ("to", "+447400123456;ext=1"),
    ("to", "+44740012345"),
    ("to", "+442083661177"),
    ("to", "+449098790000"),
    ("to", "not a number"),
    ("user", 7),
    ("user", ""),
    ("user", "x" * 129),
    ("user", "ann\r\nBcc: bob"),
    ("user", "ann\x00"),
    ("user", "ann\u2028bob"),
    ("channel", "voice"),
    ("channel", None),
    ("template", "not one of the operator's"),
    ("template", "unknown"),
    ("template", "x\r\ny"),
    ("template", "https://evil.example"),
    ("locale", "german"),
    ("locale", "de-AT\n"),
    ("ip", "localhost"),
    ("ip", ""),
    ("ip", "1.2.3.400"),
    ("ip", "fe80::1%\r\nx"),
    ("ip", "fe80::1%eth0"),
    ("ip", 16909060),
    ("ttl_seconds", 59),
    ("ttl_seconds", 601),
    ("ttl_seconds", 300.0),
    ("ttl_seconds", "300"),
    ("ttl_seconds", True),
    ("ttl_seconds", int("9" * 3900)),
    ("ttl_seconds", -1),
    ("code_length", 3),
    ("code_length", 11),
    ("code_length", 6.0),
    ("code_length", "6"),
    ("code_length", True),
]


@pytest.mark.parametrize(("field", "value"), WRONG_FIELDS, ids=lambda value: repr(value)[:30])
def test_a_wrong_field_is_named_and_nothing_is_accepted(
    shop: Caller, service: Service, field: str, value: object
) -> None:
    answer = shop.simulate_post(SEND, json={"to": NUMBER, field: value})
    assert problem(answer) == (422, "invalid_field")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert answer.json["detail"].startswith(f"{field}: ")
    assert service.count("verifications") == 0


WRONG_CODES: list[object] = [
    123456,
    ["123456"],
    {"code": "123456"},
    None,
    True,
    "",
    "123",
    "12345678901",
    "1" * 73,
    "é" * 37,
    "123456\x00",
    "12\x003456",
    "123456\n",
    "+123456",
    "12.34.56",
    "12\t3456",
    "1 2 3",
    " ",
    "123456" + " " * 40,
    "12345a",
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    "\uff11\uff12\uff13\uff14\uff15\uff16",
]


@pytest.mark.parametrize("code", WRONG_CODES, ids=repr)
def test_what_cannot_be_a_code_costs_no_check(shop: Caller, service: Service, code: Any) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    for answer in (shop.check(verification_id, code), shop.check_number(NUMBER, code)):
        assert problem(answer) == (422, "invalid_field")
        assert [error["field"] for error in answer.json["errors"]] == ["code"]
    assert shop.read(verification_id).json["checks_left"] == 5


IN_PAIRS = "{0[0]}{0[1]} {0[2]}{0[3]} {0[4]}{0[5]}"
IN_THREES = "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}"
SPACES = "\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000"
DASHES = "\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
INVISIBLE = "\u200b\u200e\u200f\u202a\u2060\u2068\u2069\ufeff"
PRINTED = [*SPACES, *DASHES, *INVISIBLE]
AFTER = ["{0}" + each for each in PRINTED]


@pytest.mark.parametrize("typed", ["{}", " {} ", IN_PAIRS, IN_THREES, *AFTER], ids=ascii)
def test_a_code_is_taken_as_people_type_it(shop: Caller, service: Service, typed: str) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    code = service.gateway.codes[-1]
    assert shop.check(verification_id, typed.format(code)).json["valid"] is True


def test_a_code_that_is_a_number_costs_no_check_and_is_told_why(shop: Caller) -> None:
    told = shop.check(shop.sent(), 123456).json["errors"]
    detail = "give the 4 to 10 digits of the code as text: a number loses its leading zeros"
    assert told == [{"field": "code", "detail": detail}]


OUR_WORDS = {
    ("to", 447400123456): "give text",
    ("to", ""): "give at least 1 character",
    ("user", "x" * 129): "give at most 128 characters",
    ("channel", "voice"): "give 'sms', 'email' or 'inbound'",
    ("ttl_seconds", 59): "give 60 or more",
    ("ttl_seconds", 601): "give 600 or less",
    ("ttl_seconds", "300"): "give a whole number, without quotes",
    ("code_length", 6.5): "give a whole number, without quotes",
    ("new", "yes"): "give true or false, without quotes",
}


@pytest.mark.parametrize(("wrong", "fix"), OUR_WORDS.items(), ids=ascii)
def test_what_to_give_is_told_in_our_words(shop: Caller, wrong: tuple[str, object], fix: str) -> None:
    field, value = wrong
    told = shop.simulate_post(SEND, json={"to": NUMBER, field: value}).json["errors"]
    assert told == [{"field": field, "detail": fix}]


def test_no_library_speaks_to_apps(shop: Caller) -> None:
    for field, value in WRONG_FIELDS:
        told = shop.simulate_post(SEND, json={"to": NUMBER, field: value}).json["detail"]
        assert "Input should" not in told
        assert "String should" not in told


def test_every_field_that_is_wrong_is_named(shop: Caller) -> None:
    answer = shop.simulate_post(SEND, json={"user": 1, "code_length": 3, "colour": "red"})
    assert {error["field"] for error in answer.json["errors"]} == {"to", "user", "code_length", "colour"}


@pytest.mark.parametrize("name", [NUMBER, NUMBER[1:], "a1234567", "\ud800", "a\nb", "", "x" * 41])
def test_a_field_with_an_odd_name_is_refused_without_repeating_it(shop: Caller, name: str) -> None:
    answer = shop.simulate_post(SEND, body=json.dumps({"to": NUMBER, name: 1}).encode())
    assert problem(answer) == (422, "invalid_field")
    assert [error["field"] for error in answer.json["errors"]] == ["body"]
    assert NUMBER[1:] not in answer.text


def test_a_fix_is_told_in_words_and_not_in_patterns(shop: Caller) -> None:
    for field in ("user", "template", "locale", "ip"):
        told = shop.simulate_post(SEND, json={"to": NUMBER, field: "\n"}).json["detail"]
        assert "pattern" not in told


def test_a_country_that_is_not_listed_is_forbidden(shop: Caller) -> None:
    for answer in (shop.send("+4915112345678"), shop.check_number("+4915112345678", "123456")):
        assert problem(answer) == (403, "country_not_allowed")
