"""A TOML file of the operator's: what it says, and what is wrong with it, each with its line and field."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from otp_worker.domain.errors import ConfigurationError

_TABLE = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_FILE = "_file"

Place = tuple[str | int, ...]


class TomlFile:
    """One file that ``variable`` names, and what is wrong with it so far."""

    def __init__(self, variable: str, path: Path) -> None:
        """Read it. Raises ConfigurationError where it cannot be read or is no TOML."""
        self._variable = variable
        self._path = path
        self._problems: list[tuple[int, str]] = []
        try:
            text = path.read_text()
            self.tables: Mapping[str, Any] = tomllib.loads(text)
        except OSError as error:
            raise self._bad(None, f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise self._bad(None, "is not a UTF-8 text") from None
        except tomllib.TOMLDecodeError as error:
            raise self._bad(None, f"is not TOML: {error}") from None
        self._lines = _lines(text)

    def named_tables(self, kind: str, noun: str) -> Mapping[str, Any]:
        """The tables ``[kind.NAME]``, by their names; none where there are none, which is complained of."""
        for name in self.tables.keys() - {kind}:
            self.complain((name,), f"there is no such table; give [{kind}.NAME]")
        tables = self.tables.get(kind)
        if isinstance(tables, dict) and tables:
            return tables
        if not self._problems:
            self.complain((), f"names no {noun}; give [{kind}.NAME]")
        return {}

    def with_files(self, place: Place, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields, where ``key_file`` names a file that holds the ``key``, and so on."""
        read: dict[str, Any] = {}
        for field, value in fields.items():
            if not field.endswith(_FILE):
                read[field] = value
                continue
            try:
                read[field.removesuffix(_FILE)] = Path(str(value)).read_text().strip()
            except (OSError, UnicodeDecodeError):
                self.complain((*place, field), "cannot be read")
        return read

    def complain_of(self, place: Place, error: ValidationError) -> None:
        """Remember each thing that is wrong with a table."""
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            message = "there is no such field" if problem["type"] == "extra_forbidden" else problem["msg"]
            self.complain((*place, *problem["loc"]), message.removeprefix("Value error, "))

    def complain(self, place: Place, message: str) -> None:
        """Remember what is wrong at a place, by the nearest line that is known."""
        line = next(
            (
                self._lines[place[:length]]
                for length in range(len(place), 0, -1)
                if place[:length] in self._lines
            ),
            None,
        )
        field = ".".join(map(str, place))
        said = self._bad(line, f"{field}: {message}" if field else message)
        self._problems.append((line or 0, str(said)))

    def raise_problems(self) -> None:
        """Raise ConfigurationError if anything was wrong."""
        if self._problems:
            raise ConfigurationError("\n".join(said for _, said in sorted(self._problems)))

    def _bad(self, line: int | None, message: str) -> ConfigurationError:
        where = f"{self._path}, line {line}" if line else str(self._path)
        return ConfigurationError(f"{self._variable}: {where}: {message}")


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
