"""Statements whose text is made once: SQLAlchemy says what they mean, and each time only the driver acts.

To look up a compiled statement, and to process its parameters and rows, costs SQLAlchemy more than a handful
of rows costs the database. Connections, transactions and errors stay SQLAlchemy's. Its own execution of the
same statement is the plain twin, which tests hold each of these against.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.dialects import postgresql

Parameters = Mapping[str, Any]
_Convert = Callable[[Any], Any]
_Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete


class Prepared:
    """A statement that is always given the same parameters by name.

    A list among them is filled up to a power of two with its last value, which changes nothing for IN: so
    there are few texts, and the database knows them by then.
    """

    def __init__(self, statement: _Statement) -> None:
        self.statement = statement
        """The plain twin."""
        self._texts: dict[tuple[object, ...], _Text] = {}

    def rows(self, connection: Connection, parameters: Parameters) -> list[Any]:
        """All that it finds or returns, named and typed as SQLAlchemy's rows are."""
        filled = {name: _filled(each) if type(each) is list else each for name, each in parameters.items()}
        text = self._text(connection.dialect, filled)
        found = connection.exec_driver_sql(text.sql, text.values(filled))
        return [text.row(each) for each in found]

    def first(self, connection: Connection, parameters: Parameters) -> Any:
        """The first row; None where there is none."""
        found = self.rows(connection, parameters)
        return found[0] if found else None

    def run(self, connection: Connection, parameters: Sequence[Parameters]) -> int:
        """Execute it for each of these, of which there must be one; how many rows were changed."""
        text = self._text(connection.dialect, parameters[0])
        return connection.exec_driver_sql(text.sql, [text.values(each) for each in parameters]).rowcount

    def _text(self, dialect: Dialect, parameters: Parameters) -> "_Text":
        key = (dialect.name, *[len(each) for each in parameters.values() if type(each) is list])
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = _Text(self.statement, dialect, parameters)
        return text


class _Text:
    """A statement for one dialect and one length of each list."""

    def __init__(self, statement: _Statement, dialect: Dialect, parameters: Parameters) -> None:
        compiled: Any = statement.compile(dialect=_positional(dialect), column_keys=list(parameters))
        expanded = compiled.construct_expanded_state(parameters)
        self.sql: str = expanded.statement
        self._fixed: dict[str, Any] = {}
        self._places: list[tuple[str, int | None, _Convert | None]] = []
        lists: Mapping[str, list[str]] = expanded.parameter_expansion
        listed = {one: (name, n) for name, each in lists.items() for n, one in enumerate(each)}
        for position in expanded.positiontup:
            name, index = listed.get(position, (position, None))
            convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if name not in parameters:
                self._fixed[name] = _converted(expanded.parameters[name], convert)
                convert = None
            self._places.append((name, index, convert))
        self._statement, self._dialect = statement, dialect

    @cached_property
    def row(self) -> Callable[[Sequence[Any]], Any]:
        """What makes a row of what the driver found."""
        return _shape(self._statement, self._dialect)

    def values(self, parameters: Parameters) -> tuple[Any, ...]:
        """The parameters in the order of their places."""
        given = {**self._fixed, **parameters}
        values = []
        for name, index, convert in self._places:
            value = given[name] if index is None else given[name][index]
            values.append(value if convert is None else convert(value))
        return tuple(values)


def _positional(dialect: Dialect) -> Dialect:
    """The dialect with placeholders that stand for values in their order."""
    psycopg: Any = postgresql.psycopg
    positional: Dialect = dialect if dialect.positional else psycopg.dialect(paramstyle="format")
    return positional


def _converted(value: Any, convert: _Convert | None) -> Any:
    return value if convert is None else convert(value)


def _filled(values: list[Any]) -> list[Any]:
    wanted = 1 << (len(values) - 1).bit_length() if values else 0
    return values + values[-1:] * (wanted - len(values))


def _shape(statement: _Statement, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    columns = _columns(statement)
    # A column without a name of its own has its place's.
    names: Any = [name or "" for name, _ in columns]
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    converts = [kind.dialect_impl(dialect).result_processor(dialect, None) for _, kind in columns]
    if not any(converts):
        make: Callable[[Sequence[Any]], Any] = row._make
        return make
    return lambda values: row._make(map(_converted, values, converts))


def _columns(statement: _Statement) -> list[tuple[str | None, Any]]:
    """What a statement finds or returns: names and types."""
    if isinstance(statement, Select | CompoundSelect):
        return [(column.key, column.type) for column in statement.selected_columns]
    return [(each["name"], each["type"]) for each in statement.returning_column_descriptions]
