"""How commands show things: tables for people, JSON for scripts."""

import dataclasses
import json
from datetime import datetime
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

JSON_OPTION = typer.Option(False, "--json", help="Print JSON for scripts instead of words.")
_WIDEST = 10_000

console = Console()


def print_json(value: Any) -> None:
    """Print a value, dataclasses and instants included, as JSON on stdout."""
    typer.echo(json.dumps(value, default=plain, indent=2))


def say(sentence: str, fields: Any, json: bool) -> None:
    """Print what was done: a sentence for people, or the same in fields for scripts."""
    if json:
        print_json(fields)
    else:
        typer.echo(sentence)


def print_record(title: str, fields: dict[str, Any]) -> None:
    """Print one thing as a two-column table."""
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, shown(value))
    _print(table)


def print_rows(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print several things as a table that cuts no word; as one record for each where it is too narrow."""
    cells = [[shown(value) for value in row] for row in rows]
    table = Table(title=title, title_justify="left")
    for name, column in zip(columns, zip(*cells, strict=True) if cells else [()] * len(columns), strict=True):
        words = [word for cell in (Text(name), *column) for word in cell.plain.split()]
        table.add_column(name, min_width=max(map(cell_len, words), default=0))
    for row in cells:
        table.add_row(*row)
    if console.is_terminal and console.measure(table).minimum > console.width:
        for row in cells:
            print_record(title, dict(zip(columns, row, strict=True)))
    else:
        _print(table)


def shown(value: Any) -> Text:
    """A value in words: instants to the second in UTC, nothing as a dash.

    What others wrote is no markup, and nothing in it steers the terminal.
    """
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("-")
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S}Z")
    return Text(
        "".join(
            char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in str(value)
        )
    )


def _print(table: Table) -> None:
    # Where nobody looks at a width, in a pipe or a file, nothing is wrapped.
    (console if console.is_terminal else Console(width=_WIDEST)).print(table)


def plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value)
