"""Statements for apps: what is set for each, and how many keys it has."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, literal, or_, select, update

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.app_settings import AppSettings, read_settings
from otp_worker.store.database import Database, insert_ignoring, insert_missing
from otp_worker.store.schema import api_keys, apps

_a, _k = apps.c, api_keys.c

_EMPTY = "{}"


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An app: what is set for it, and how many of its keys can be used."""

    name: str
    settings: AppSettings
    keys: int
    created_at: datetime
    updated_at: datetime


def add_app(connection: Connection, name: str, now: datetime) -> bool:
    """Write an app for which nothing is set, unless there is one of that name; whether it is new."""
    return insert_missing(connection, apps, name=name, settings=_EMPTY, created_at=now, updated_at=now)


def list_apps(db: Database, now: datetime) -> list[StoredApp]:
    """Every app, by name."""
    _adopt(db)
    with db.read() as connection:
        return [_app(row) for row in connection.execute(_with_keys(now).order_by(_a.name))]


def find_app(db: Database, name: str, now: datetime) -> StoredApp | None:
    """The app of that name."""
    _adopt(db)
    with db.read() as connection:
        row = connection.execute(_with_keys(now).where(_a.name == name)).first()
    return _app(row) if row else None


def settings_of(db: Database, app: str) -> AppSettings:
    """What is set for the app of verifications, which may have none of its own."""
    with db.read() as connection:
        statement = select(_a.settings).where(_a.name == app.removeprefix(TEST_PREFIX))
        return read_settings(connection.execute(statement).scalar())


def app_name(owner: ColumnElement[str], test: ColumnElement[bool]) -> ColumnElement[str]:
    """The app that owns a row; what test keys make is under a name of its own."""
    return case((test, func.substr(owner, len(TEST_PREFIX) + 1)), else_=owner)


def insert_app(db: Database, name: str, settings: Mapping[str, object], now: datetime) -> bool:
    """Write a new app with its settings; False if there is one of that name."""
    with db.write() as connection:
        is_new = not _has_keys(connection, name) and add_app(connection, name, now)
        if is_new:
            _change(connection, name, settings, now)
    return is_new


def change_settings(db: Database, name: str, changes: Mapping[str, object], now: datetime) -> bool:
    """Set what is given, and let the operator's hold for what is None; False if there is no such app."""
    with db.write() as connection:
        if _has_keys(connection, name):
            add_app(connection, name, now)
        return _change(connection, name, changes, now)


def _change(connection: Connection, name: str, changes: Mapping[str, object], now: datetime) -> bool:
    mine = select(_a.settings).where(_a.name == name).with_for_update()
    text: str | None = connection.execute(mine).scalar()
    if text is None:
        return False
    # What only a newer version knows stays as it is.
    changed = {name: value for name, value in {**json.loads(text), **changes}.items() if value is not None}
    values = {"settings": json.dumps(changed, sort_keys=True), "updated_at": now}
    connection.execute(update(apps).where(_a.name == name).values(**values))
    return True


def _has_keys(connection: Connection, name: str) -> bool:
    return connection.execute(select(_k.id).where(_k.name == name).limit(1)).first() is not None


def _adopt(db: Database) -> None:
    """Give each key that an older version made its app."""
    known = select(_a.name).where(_a.name == _k.name).exists()
    orphans = (
        select(_k.name, literal(_EMPTY), func.min(_k.created_at), func.min(_k.created_at))
        .where(~known)
        .group_by(_k.name)
    )
    with db.read() as connection:
        if connection.execute(orphans.limit(1)).first() is None:
            return
    with db.write() as connection:
        columns = ["name", "settings", "created_at", "updated_at"]
        connection.execute(insert_ignoring(connection, apps).from_select(columns, orphans))


def _with_keys(now: datetime) -> Select[Any]:
    usable = or_(_k.revoked_at.is_(None), _k.revoked_at > now)
    count = select(func.count()).where(_k.name == _a.name, usable).scalar_subquery()
    return select(apps, count.label("keys"))


def _app(row: Row[Any]) -> StoredApp:
    return StoredApp(row.name, read_settings(row.settings), row.keys, row.created_at, row.updated_at)
