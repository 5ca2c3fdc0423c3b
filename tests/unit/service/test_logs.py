"""What a log line may hold."""

import pytest

from otp_worker.service.logs import redact


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("sent to +447400123456", "sent to ***56"),
        ("to=447400123456, again", "to=***56, again"),
        ("'+12025550123'", "'***23'"),
    ],
)
def test_what_looks_like_a_phone_number_is_starred(said: str, logged: str) -> None:
    assert redact(None, "info", {"event": said}) == {"event": logged}


@pytest.mark.parametrize(
    "said",
    [
        "ver_01M83WM732CR0259AK6QTBKK0F.1",
        "2026-11-23T09:43:35.778380Z",
        "redis://:**@127.0.0.1:6399/0",
        "deliver-4935@vm ready.",
        "took 0.03971823699998822 s",
    ],
)
def test_ids_instants_and_ports_stay_as_they_are(said: str) -> None:
    assert redact(None, "info", {"event": said}) == {"event": said}
