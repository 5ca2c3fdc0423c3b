"""Statements for the templates of apps.

A version is written once and never changed: whoever has read it may keep it. Which version of each template
is in use stands in the app's row, so that a send finds it with its key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from otp_worker.domain.texts.template import Template
from otp_worker.store.apps import Check, LockedApp, lock_app
from otp_worker.store.database import Database
from otp_worker.store.schema import app_templates, apps
from otp_worker.store.template_rows import StoredTemplate, read_rows, read_versions

_a, _t = apps.c, app_templates.c
MOST_KEPT_IN_MEMORY = 1024


@dataclass(frozen=True, slots=True)
class TemplateReader:
    """Finds versions, each in the database once."""

    db: Database
    _read: dict[tuple[str, str, int], Template] = field(default_factory=dict)

    def find(self, app: str, name: str, version: int) -> Template | None:
        """What a version says; None if there is none, or only a newer version of ours can read it."""
        key = app, name, version
        known = self._read.get(key)
        if known is not None:
            return known
        found = find_version(self.db, app, name, version)
        if found is None or found.template is None:
            return None
        if len(self._read) >= MOST_KEPT_IN_MEMORY:
            self._read.clear()
        self._read[key] = found.template
        return found.template


def find_version(db: Database, app: str, name: str, version: int) -> StoredTemplate | None:
    """One version, in use or not."""
    with db.read() as connection:
        return next(iter(read_rows(connection, app, {name: version})), None)


def templates_of(db: Database, app: str) -> list[StoredTemplate]:
    """The templates of an app that are in use, by name."""
    with db.read() as connection:
        versions = connection.execute(select(_a.templates).where(_a.name == app)).scalar()
        return read_rows(connection, app, read_versions(versions))


def define(
    db: Database, app: str, name: str, template: Template, now: datetime, check: Check
) -> StoredTemplate | None:
    """Take a template into use as its next version; None if there is no such app.

    One that is in use as it is stays. ``check`` is given what is set for the app and the templates in use,
    which nobody changes until the new one is in use; what it raises is raised, and nothing is written.
    """
    with db.write() as connection:
        locked = lock_app(connection, app, now)
        if locked is None:
            return None
        check(locked.settings, locked.templates)
        current = _current(locked, name)
        if current is not None and current.template == template:
            return current
        newest = select(func.max(_t.version)).where(_t.app == app, _t.name == name)
        version = (connection.execute(newest).scalar() or 0) + 1
        values = {"app": app, "name": name, "version": version, "created_at": now}
        connection.execute(insert(app_templates).values(**values, written=template.written()))
        _use(connection, app, {**locked.versions, name: version}, now)
    return StoredTemplate(app, name, version, template, now)


def retire(db: Database, app: str, name: str, now: datetime) -> StoredTemplate | None:
    """Take a template out of use; None if it is in none. What was asked for with it keeps its words."""
    with db.write() as connection:
        locked = lock_app(connection, app, now)
        current = _current(locked, name) if locked else None
        if locked is None or current is None:
            return None
        _use(connection, app, {each: v for each, v in locked.versions.items() if each != name}, now)
    return current


def _current(locked: LockedApp, name: str) -> StoredTemplate | None:
    return next((each for each in locked.templates if each.name == name), None)


def _use(connection: Connection, app: str, versions: Mapping[str, int], now: datetime) -> None:
    values = {"templates": json.dumps(versions, sort_keys=True) if versions else None, "updated_at": now}
    connection.execute(update(apps).where(_a.name == app).values(**values))
