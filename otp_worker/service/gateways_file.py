"""The gateways file: TOML that describes several gateways, each with its SIMs."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sim import Hours, Sim, Sims, UncertainPolicy
from otp_worker.gateways.account import Account
from otp_worker.gateways.registry import account_kinds
from otp_worker.service.setting_types import parse_countries

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
_TABLE = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_FILE = "_file"

Place = tuple[str | int, ...]


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
    try:
        text = path.read_text()
        described = tomllib.loads(text)
    except OSError as error:
        raise _bad(path, None, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _bad(path, None, "is not a UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _bad(path, None, f"is not TOML: {error}") from None
    reading = _Reading(path, text)
    found = reading.gateways(described, uncertain)
    reading.raise_problems()
    return found


class _Reading:
    """One file on its way to SIMs, and what is wrong with it so far."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _lines(text)
        self._names: set[str] = set()
        self._problems: list[tuple[int, str]] = []

    def gateways(self, described: Mapping[str, Any], uncertain: UncertainPolicy) -> Sims:
        """Every gateway with its SIMs."""
        for name in described.keys() - {"gateways"}:
            self._complain((name,), "there is no such table; give [gateways.NAME]")
        tables = described.get("gateways")
        if not isinstance(tables, dict) or not tables:
            if not self._problems:
                self._complain((), "names no gateway; give [gateways.NAME]")
            return Sims(())
        sims: list[Sim] = []
        gateways = {}
        for name, table in tables.items():
            account = self._account(name, table)
            if account is None:
                continue
            gateways[name] = account.open(name)
            default = UncertainPolicy.REPEAT if gateways[name].capabilities.dedupe else uncertain
            sims += self._sims(name, table.get("sims", [{}]), default)
        return Sims(tuple(sims), gateways)

    def raise_problems(self) -> None:
        """Raise ConfigurationError if anything was wrong."""
        if self._problems:
            raise ConfigurationError("\n".join(said for _, said in sorted(self._problems)))

    def _account(self, name: str, table: object) -> Account | None:
        place = ("gateways", name)
        if not isinstance(table, dict):
            self._complain(place, "must be a table: [gateways.NAME]")
            return None
        if not re.fullmatch(_NAME, name):
            self._complain(place, "a gateway's name has 1 to 40 letters, digits, dashes or underscores")
            return None
        kinds = account_kinds()
        kind = table.get("kind")
        if kind not in kinds:
            self._complain((*place, "kind"), f"give one of {', '.join(sorted(kinds))}")
            return None
        fields = {field: value for field, value in table.items() if field != "sims"}
        try:
            return kinds[kind].model_validate(self._with_files(place, fields))
        except ValidationError as error:
            self._complain_of(place, error)
            return None

    def _with_files(self, place: Place, fields: Mapping[str, Any]) -> dict[str, Any]:
        """``key_file`` names a file that holds the ``key``, and so on."""
        read: dict[str, Any] = {}
        for field, value in fields.items():
            if not field.endswith(_FILE):
                read[field] = value
                continue
            try:
                read[field.removesuffix(_FILE)] = Path(str(value)).read_text().strip()
            except (OSError, UnicodeDecodeError):
                self._complain((*place, field), "cannot be read")
        return read

    def _sims(self, gateway: str, entries: object, uncertain: UncertainPolicy) -> list[Sim]:
        place = ("gateways", gateway, "sims")
        if not isinstance(entries, list) or not entries:
            self._complain(place, "give [[gateways.NAME.sims]] for each SIM")
            return []
        found = []
        for number, entry in enumerate(entries):
            try:
                read = SimEntry.model_validate(entry)
            except ValidationError as error:
                self._complain_of((*place, number), error)
                continue
            name = read.name or (gateway if len(entries) == 1 else f"{gateway}-{number + 1}")
            if name in self._names:
                self._complain((*place, number), f"another SIM is called {name} too; name it otherwise")
            self._names.add(name)
            found.append(_sim(name, gateway, read, uncertain))
        return found

    def _complain_of(self, place: Place, error: ValidationError) -> None:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            message = "there is no such field" if problem["type"] == "extra_forbidden" else problem["msg"]
            self._complain((*place, *problem["loc"]), message.removeprefix("Value error, "))

    def _complain(self, place: Place, message: str) -> None:
        line = next(
            (
                self._lines[place[:length]]
                for length in range(len(place), 0, -1)
                if place[:length] in self._lines
            ),
            None,
        )
        field = ".".join(map(str, place))
        said = _bad(self._path, line, f"{field}: {message}" if field else message)
        self._problems.append((line or 0, str(said)))


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


def _bad(path: Path, line: int | None, message: str) -> ConfigurationError:
    where = f"{path}, line {line}" if line else str(path)
    return ConfigurationError(f"OTP_GATEWAYS_FILE: {where}: {message}")


def _lines(text: str) -> dict[Place, int]:
    """The line of each table and each field: the TOML reader does not tell."""
    found: dict[Place, int] = {}
    arrays: defaultdict[Place, int] = defaultdict(int)
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.fullmatch(line):
            table = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
            if header[1] == "[[":
                arrays[table] += 1
                table = (*table, arrays[table] - 1)
            found[table] = number
        elif key := _KEY.match(line):
            found[(*table, key[1])] = number
    return found
