"""Statements for apps: what is set for each, and how many keys it has."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, literal, or_, select, update

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.app_settings import NOTHING_SET, AppSettings, read_settings
from otp_worker.store.database import Database, insert_ignoring, insert_missing
from otp_worker.store.schema import api_keys, apps
from otp_worker.store.template_rows import NO_TEMPLATES, StoredTemplate, read_rows, read_versions

_a, _k = apps.c, api_keys.c

_EMPTY = "{}"

Check = Callable[[AppSettings, Sequence[StoredTemplate]], None]
"""Raises unless these settings go with these templates."""


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An app: what is set for it, and how many of its keys can be used."""

    name: str
    settings: AppSettings
    templates: Mapping[str, int]
    keys: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LockedApp:
    """What is set for an app, as it is and as it is ``written``, and the templates that it has in use."""

    settings: AppSettings
    written: str
    versions: Mapping[str, int]
    templates: Sequence[StoredTemplate]


def add_app(connection: Connection, name: str, now: datetime) -> bool:
    """Write an app for which nothing is set, unless there is one of that name; whether it is new."""
    return insert_missing(connection, apps, name=name, settings=_EMPTY, created_at=now, updated_at=now)


_NEW = LockedApp(NOTHING_SET, _EMPTY, NO_TEMPLATES, ())


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


def insert_app(
    db: Database, name: str, settings: Mapping[str, object], now: datetime, check: Check | None = None
) -> bool:
    """Write a new app with its settings; False if there is one of that name. ``check`` is as for a change."""
    with db.write() as connection:
        is_new = not _has_keys(connection, name) and add_app(connection, name, now)
        if is_new:
            _change(connection, name, _NEW, settings, now, check)
    return is_new


def change_settings(
    db: Database, name: str, changes: Mapping[str, object], now: datetime, check: Check | None = None
) -> bool:
    """Set what is given, and let the operator's hold for what is None; False if there is no such app.

    ``check`` is given what will be set and the templates in use, which nobody changes until it is set; what
    it raises is raised, and nothing is set.
    """
    with db.write() as connection:
        locked = lock_app(connection, name, now)
        if locked is None:
            return False
        _change(connection, name, locked, changes, now, check)
    return True


def lock_app(connection: Connection, name: str, now: datetime) -> LockedApp | None:
    """An app that nobody else changes until the transaction ends; an older version's key is given its app."""
    if _has_keys(connection, name):
        add_app(connection, name, now)
    mine = select(_a.settings, _a.templates).where(_a.name == name).with_for_update()
    row = connection.execute(mine).first()
    if row is None:
        return None
    versions = read_versions(row.templates)
    templates = read_rows(connection, name, versions)
    return LockedApp(read_settings(row.settings), row.settings, versions, templates)


def _change(
    connection: Connection,
    name: str,
    locked: LockedApp,
    changes: Mapping[str, object],
    now: datetime,
    check: Check | None,
) -> None:
    # What only a newer version knows stays as it is.
    all_of_them = {**json.loads(locked.written), **changes}
    changed = {name: value for name, value in all_of_them.items() if value is not None}
    written = json.dumps(changed, sort_keys=True)
    if check is not None:
        check(read_settings(written), locked.templates)
    connection.execute(update(apps).where(_a.name == name).values(settings=written, updated_at=now))


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
    return StoredApp(
        row.name,
        read_settings(row.settings),
        read_versions(row.templates),
        row.keys,
        row.created_at,
        row.updated_at,
    )
