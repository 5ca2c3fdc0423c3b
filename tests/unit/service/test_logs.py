"""What a log line may hold."""

import pytest

from otp_worker.service.logs import redact


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("sent to +447400123456", "sent to ***56"),
        ("to=447400123456, again", "to=***56, again"),
        ("'+12025550123'", "'***23'"),
        ("tel:+447400123456", "tel:***56"),
        ("to:+447400123456", "to:***56"),
        ("GET /send?to=%2B447400123456&text=", "GET /send?to=***56&text="),
        ("+44 7400 123456 said", "***56 said"),
        ("+44 (7400) 123-456", "***56"),
        ("+1-202-555-0123;", "***23;"),
        ("+44\u00a07400\u00a0123456", "***56"),
        ("x+447400123456", "x***56"),
    ],
)
def test_what_looks_like_a_phone_number_is_starred(said: str, logged: str) -> None:
    assert redact(None, "info", {"event": said}) == {"event": logged}


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        (["+447400123456", 1], ["***56", 1]),
        (("447400123456",), ["***56"]),
        ({"to": "+447400123456", "n": {"+447400123456": None}}, {"to": "***56", "n": {"***56": None}}),
        (447400123456, "***56"),
        (ValueError("no route to +447400123456"), "no route to ***56"),
        (b"+447400123456", "b'***56'"),
        (7, 7),
        (True, True),
        (None, None),
        (0.25, 0.25),
    ],
    ids=repr,
)
def test_a_number_is_starred_in_whatever_it_is_logged(value: object, logged: object) -> None:
    assert redact(None, "info", {"event": "x", "value": value}) == {"event": "x", "value": logged}


@pytest.mark.parametrize(
    "said",
    [
        "ver_01M83WM732CR0259AK6QTBKK0F.1",
        "2026-11-23T09:43:35.778380Z",
        "2026-11-23 09:43:35.778380+00:00",
        "in 3 + 4 tries",
        "rate +12 34",
        "redis://:**@127.0.0.1:6399/0",
        "deliver-4935@vm ready.",
        "took 0.03971823699998822 s",
    ],
)
def test_ids_instants_and_ports_stay_as_they_are(said: str) -> None:
    assert redact(None, "info", {"event": said}) == {"event": said}
