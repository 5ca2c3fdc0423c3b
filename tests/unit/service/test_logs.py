"""What a log line may hold."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from otp_worker.service.logs import configure_logs, redact
from tests.fresh_logs import forget_logs


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    """Logs that nobody has set up, now and afterwards."""
    forget_logs()
    yield
    forget_logs()


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


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_our_lines_and_the_libraries_have_one_form(
    log_format: Literal["json", "console"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format)
    words = {"event": "went to +447400123456", "logger": "tests.lines", "level": "warning"}
    structlog.get_logger(words["logger"]).warning(words["event"])
    logging.getLogger(words["logger"]).warning(words["event"])
    ours, theirs = capsys.readouterr().err.splitlines()
    if log_format == "json":
        assert list(json.loads(ours)) == list(json.loads(theirs))
        ours, theirs = (str(json.loads(line) | {"timestamp": ""}) for line in (ours, theirs))
    assert "went to ***56" in ours
    assert ours[30:] == theirs[30:]


@pytest.mark.usefixtures("fresh_logs")
def test_an_error_is_told_with_where_it_happened_and_without_the_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("json")
    try:
        int("no route to +447400123456")
    except ValueError:
        structlog.get_logger().exception("failed")
    told = json.loads(capsys.readouterr().err)
    assert "test_logs.py" in told["exception"]
    assert told["exception"].endswith("'no route to ***56'")


@pytest.mark.usefixtures("fresh_logs")
def test_what_matters_less_than_asked_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("console", logging.WARNING)
    structlog.get_logger().info("a request")
    logging.getLogger("library").info("a thought")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("fresh_logs")
def test_lines_of_many_threads_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    threads = [
        threading.Thread(target=lambda: [structlog.get_logger().info("x" * 500) for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capsys.readouterr().err.splitlines()
    assert [len(json.loads(line)["event"]) for line in lines] == [500] * 400


class FullDisk(io.StringIO):
    """Nothing can be written to it."""

    def write(self, _text: str) -> int:
        raise OSError("No space left on device")


@pytest.mark.usefixtures("fresh_logs")
def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", FullDisk())
    configure_logs("json")
    structlog.get_logger().info("lost")


class Unspeakable:
    """Whoever asks what it is gets an error."""

    def __repr__(self) -> str:
        raise ValueError("no words")


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("value", [Unspeakable(), {("a", "tuple"): 1}], ids=["unspeakable", "tuple key"])
def test_a_value_that_cannot_be_rendered_stops_nothing(
    log_format: Literal["json", "console"], value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format)
    structlog.get_logger().info("lost", value=value)
    structlog.get_logger().info("kept")
    assert "kept" in capsys.readouterr().err
