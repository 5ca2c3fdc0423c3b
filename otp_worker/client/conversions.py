"""How many codes were sent, arrived and were entered: the call, and what it answers."""

from datetime import datetime

from pydantic import AwareDatetime

from otp_worker.client.answers import read_as
from otp_worker.client.calls import Call, as_text
from otp_worker.client.models import Answered


class Codes(Answered):
    """How many codes; the shares are of those sent, and None without any."""

    sent: int
    delivered: int
    approved: int
    delivered_share: float | None
    approved_share: float | None


class CodesGroup(Codes):
    """The codes of one ``value`` of what is told apart; a block has a country, and perhaps a label."""

    value: str | None
    country: str | None
    label: str | None


class Conversions(Answered):
    """What became of the codes of a window; those asked for after ``settled_until`` may still be entered."""

    by: str
    since: AwareDatetime
    until: AwareDatetime
    settled_until: AwareDatetime
    total: Codes
    groups: tuple[CodesGroup, ...]
    more: bool


def conversions(
    *,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    country: str | None = None,
    template: str | None = None,
    app: str | None = None,
    sim: str | None = None,
    limit: int | None = None,
) -> Call[Conversions]:
    """How many of your app's codes were sent, arrived and were entered: of the last day, by country.

    ``by`` is ``country``, ``block``, ``template``, ``hour`` or ``day``; with the scope admin ``app`` and
    ``sim`` too. Instants have a time zone.
    """
    asked = {"by": by, "since": as_text(since), "until": as_text(until), "country": country, "limit": limit}
    asked |= {"template": template, "app": app, "sim": sim}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    return Call("GET", "/v1/conversions", read_as(Conversions), True, query=query)
