"""Quiet hours: by the clocks where a number is, quiet if it is quiet in any of its zones."""

from datetime import UTC, datetime, time

import pytest

from otp_worker.domain.quiet_hours import LONGEST, QuietHours, zones_of

NIGHT = QuietHours.parse("21:00-08:00")
NOON = QuietHours.parse("12:00-13:30")
BERLIN, LONDON, NEW_YORK = "+4915123456789", "+447400123456", "+12025550123"
TOLL_FREE, RUSSIA, NOWHERE = "+18005550123", "+79161234567", "+882161234567"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "number", "now", "until"),
    [
        # Over midnight, from its first minute to the one before its last.
        (NIGHT, LONDON, "2026-01-15T20:59:59", None),
        (NIGHT, LONDON, "2026-01-15T21:00:00", "2026-01-16T08:00:00"),
        (NIGHT, LONDON, "2026-01-16T07:59:59", "2026-01-16T08:00:00"),
        (NIGHT, LONDON, "2026-01-16T08:00:00", None),
        # By the clock of the number, and its summer time.
        (NIGHT, BERLIN, "2026-01-15T20:30:00", "2026-01-16T07:00:00"),
        (NIGHT, BERLIN, "2026-07-15T19:30:00", "2026-07-16T06:00:00"),
        (NIGHT, NEW_YORK, "2026-01-15T20:30:00", None),
        (NOON, LONDON, "2026-07-15T11:00:00", "2026-07-15T12:30:00"),
        (NOON, LONDON, "2026-07-15T12:30:00", None),
        # From Moscow to Kamchatka it is quiet somewhere for most of the day.
        (NIGHT, RUSSIA, "2026-01-15T10:00:00", "2026-01-16T06:00:00"),
        (NIGHT, RUSSIA, "2026-01-16T06:00:00", None),
        # Nobody knows where it is: UTC.
        (NIGHT, NOWHERE, "2026-01-15T22:00:00", "2026-01-16T08:00:00"),
    ],
)
def test_it_is_quiet_by_the_clocks_where_the_number_is(
    hours: QuietHours, number: str, now: str, until: str | None
) -> None:
    assert hours.until(number, at(now)) == (at(until) if until else None)


def test_where_the_zones_leave_no_hour_it_is_asked_again_after_two_days() -> None:
    long = QuietHours.parse("18:00-12:00")
    assert len(zones_of(TOLL_FREE)) > 30
    now = at("2026-01-15T12:00:00")
    assert long.until(TOLL_FREE, now) == now + LONGEST


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # The clock goes from 02:00 to 03:00: the hour of the end does not come.
        ("2026-03-28T23:30:00", "2026-03-29T01:30:00"),
        # The clock goes from 03:00 back to 02:00: 02:30 comes twice.
        ("2026-10-24T22:30:00", "2026-10-25T00:30:00"),
        ("2026-10-25T01:15:00", "2026-10-25T01:30:00"),
    ],
)
def test_a_night_on_which_the_clock_is_changed_has_an_end(now: str, until: str) -> None:
    assert QuietHours.parse("22:00-02:30").until(BERLIN, at(now)) == at(until)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "21-8",
        "21:00",
        "21:00-24:00",
        "21:00-21:00",
        " 21:00-08:00",
        "\u0662\u0661:00-08:00",
        "21:00-8:00",
    ],
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 21:00-08:00"):
        QuietHours.parse(text)


def test_hours_are_read_as_they_are_written() -> None:
    assert QuietHours.parse("21:05-08:30") == QuietHours(time(21, 5), time(8, 30))
