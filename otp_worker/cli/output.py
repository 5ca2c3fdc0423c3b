"""How commands show things: tables for people, JSON for scripts."""

import dataclasses
import json
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

JSON_OPTION = typer.Option(False, "--json", help="Print JSON for scripts instead of a table.")

console = Console()


def print_json(value: Any) -> None:
    """Print a value, dataclasses and instants included, as JSON on stdout."""
    typer.echo(json.dumps(value, default=_plain, indent=2))


def print_record(title: str, fields: dict[str, Any]) -> None:
    """Print one thing as a two-column table."""
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for name, value in fields.items():
        table.add_row(name, shown(value))
    console.print(table)


def print_rows(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print several things as a table."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(shown, row))
    console.print(table)


def shown(value: Any) -> str:
    """A value in words: instants to the second in UTC, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return str(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value)
