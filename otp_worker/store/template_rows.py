"""The rows of apps' templates: versions that are written once and never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from otp_worker.domain.texts.template import Template, read_template
from otp_worker.store.schema import app_templates

_t = app_templates.c
NO_TEMPLATES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """One version of a template of an app; ``template`` is None where only a newer version can read it."""

    app: str
    name: str
    version: int
    template: Template | None
    created_at: datetime


@lru_cache(maxsize=1024)
def read_versions(text: str | None) -> Mapping[str, int]:
    """The versions of an app's templates in use, by their names, as the app's row has them."""
    return MappingProxyType(json.loads(text)) if text else NO_TEMPLATES


def read_rows(connection: Connection, app: str, versions: Mapping[str, int]) -> list[StoredTemplate]:
    """These versions of an app's templates, by name."""
    if not versions:
        return []
    these = tuple_(_t.name, _t.version).in_(list(versions.items()))
    rows = connection.execute(select(app_templates).where(_t.app == app, these).order_by(_t.name))
    return [_stored(row) for row in rows]


def _stored(row: Row[Any]) -> StoredTemplate:
    try:
        template = read_template(row.written)
    except (KeyError, TypeError, ValueError):
        template = None
    return StoredTemplate(row.app, row.name, row.version, template, row.created_at)
