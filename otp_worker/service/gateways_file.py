"""The gateways file: TOML that describes several gateways, each with its SIMs."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from otp_worker.domain.sim import Hours, Sim, Sims, UncertainPolicy
from otp_worker.gateways.account import Account
from otp_worker.gateways.registry import account_kinds
from otp_worker.service.setting_types import parse_countries
from otp_worker.service.toml_file import TomlFile

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def _parse_hours(value: object) -> Hours:
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    try:
        start, end = (time(int(match[n]), int(match[n + 1])) for n in (1, 3)) if match else (None, None)
    except ValueError:
        start = end = None
    if start is None or end is None or start == end:
        raise ValueError('give hours such as "07:00-22:00"')
    return Hours(start, end)


def _parse_zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('there is no such time zone; give one such as "Europe/London"') from None


def _parse_number(value: object) -> str:
    try:
        number = phonenumbers.parse(str(value))
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError('give the SIM\'s own number in E.164, such as "+447400123456"')
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse_countries(value: object) -> frozenset[str]:
    listed = value if isinstance(value, list) else []
    return parse_countries(frozenset(str(each).upper() for each in listed))


class SimEntry(BaseModel):
    """What the file says of one SIM."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: Annotated[str, Field(pattern=_NAME)] | None = None
    number: Annotated[str, BeforeValidator(_parse_number)] | None = None
    slot: Annotated[str, BeforeValidator(lambda value: str(value))] | None = None
    countries: Annotated[frozenset[str], BeforeValidator(_parse_countries)] | None = None
    weight: int = Field(1, ge=1, le=1000)
    pace_per_minute: int = Field(0, ge=0, le=60_000)
    per_day: int = Field(0, ge=0)
    recipients_per_month: int = Field(0, ge=0)
    hours: Annotated[Hours, BeforeValidator(_parse_hours)] | None = None
    time_zone: Annotated[ZoneInfo, BeforeValidator(_parse_zone)] = Field(
        default_factory=lambda: ZoneInfo("UTC")
    )
    uncertain: UncertainPolicy | None = None


def read_gateways(path: Path, uncertain: UncertainPolicy) -> Sims:
    """The gateways and SIMs of a file; ``uncertain`` is the policy of those that name none.

    Raises ConfigurationError with the line and the field of each thing that is wrong.
    """
    file = TomlFile("OTP_GATEWAYS_FILE", path)
    found = _Reading(file).gateways(uncertain)
    file.raise_problems()
    return found


class _Reading:
    """One file on its way to SIMs."""

    def __init__(self, file: TomlFile) -> None:
        self._file = file
        self._names: set[str] = set()

    def gateways(self, uncertain: UncertainPolicy) -> Sims:
        """Every gateway with its SIMs."""
        sims: list[Sim] = []
        gateways = {}
        for name, table in self._file.named_tables("gateways", "gateway").items():
            account = self._account(name, table)
            if account is None:
                continue
            gateways[name] = account.open(name)
            default = UncertainPolicy.REPEAT if gateways[name].capabilities.dedupe else uncertain
            sims += self._sims(name, table.get("sims", [{}]), default)
        return Sims(tuple(sims), gateways)

    def _account(self, name: str, table: object) -> Account | None:
        place = ("gateways", name)
        if not isinstance(table, dict):
            self._file.complain(place, "must be a table: [gateways.NAME]")
            return None
        if not re.fullmatch(_NAME, name):
            self._file.complain(place, "a gateway's name has 1 to 40 letters, digits, dashes or underscores")
            return None
        kinds = account_kinds()
        kind = table.get("kind")
        if kind not in kinds:
            self._file.complain((*place, "kind"), f"give one of {', '.join(sorted(kinds))}")
            return None
        fields = {field: value for field, value in table.items() if field != "sims"}
        try:
            return kinds[kind].model_validate(self._file.with_files(place, fields))
        except ValidationError as error:
            self._file.complain_of(place, error)
            return None

    def _sims(self, gateway: str, entries: object, uncertain: UncertainPolicy) -> list[Sim]:
        place = ("gateways", gateway, "sims")
        if not isinstance(entries, list) or not entries:
            self._file.complain(place, "give [[gateways.NAME.sims]] for each SIM")
            return []
        found = []
        for number, entry in enumerate(entries):
            try:
                read = SimEntry.model_validate(entry)
            except ValidationError as error:
                self._file.complain_of((*place, number), error)
                continue
            name = read.name or (gateway if len(entries) == 1 else f"{gateway}-{number + 1}")
            if name in self._names:
                self._file.complain((*place, number), f"another SIM is called {name} too; name it otherwise")
            self._names.add(name)
            found.append(_sim(name, gateway, read, uncertain))
        return found


def _sim(name: str, gateway: str, read: SimEntry, uncertain: UncertainPolicy) -> Sim:
    return Sim(
        name=name,
        gateway=gateway,
        number=read.number,
        slot=read.slot,
        countries=read.countries,
        weight=read.weight,
        pace_per_minute=read.pace_per_minute,
        per_day=read.per_day,
        recipients_per_month=read.recipients_per_month,
        hours=read.hours,
        zone=read.time_zone,
        uncertain=read.uncertain or uncertain,
    )
