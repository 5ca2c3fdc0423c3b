"""Statements for the endpoints of apps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.endpoint import MOST_ENDPOINTS, Endpoint
from otp_worker.domain.endpoint_secrets import KeptSecrets
from otp_worker.store.apps import lock_app
from otp_worker.store.database import Database
from otp_worker.store.schema import counters, endpoints
from otp_worker.store.step_cursor import StepCursor, number_before

_e, _c = endpoints.c, counters.c

TOLD = StepCursor("steps_told", "steps_told_seen")
"""How far the steps were looked at for events. It rests while there is no endpoint to be told."""


@dataclass(frozen=True, slots=True)
class StoredEndpoint:
    """An endpoint with its secrets as they are kept."""

    endpoint: Endpoint
    secrets: KeptSecrets


def insert_endpoint(db: Database, new: Endpoint, secrets: KeptSecrets) -> bool | None:
    """Write an endpoint: False where its app has as many as it may, None where there is no such app."""
    with db.write() as connection:
        if lock_app(connection, new.app.removeprefix(TEST_PREFIX), new.created_at) is None:
            return None
        count = select(func.count()).select_from(endpoints).where(_e.app == new.app)
        if connection.execute(count).scalar_one() >= MOST_ENDPOINTS:
            return False
        _begin_telling(connection, new.created_at)
        connection.execute(
            insert(endpoints).values(
                id=new.id,
                app=new.app,
                url=new.url,
                events=_written(new.events),
                clear_numbers=new.clear_numbers,
                secrets=secrets.encrypted,
                secret_key_id=secrets.key_id,
                created_at=new.created_at,
                updated_at=new.created_at,
                events_from=new.created_at,
                failures=0,
            )
        )
    return True


def find(db: Database, endpoint_id: str, app: str | None = None) -> StoredEndpoint | None:
    """One endpoint, of that app."""
    with db.read() as connection:
        row = connection.execute(select(endpoints).where(*_one(endpoint_id, app))).first()
    return _stored(row) if row else None


def list_endpoints(db: Database, app: str | None = None) -> list[Endpoint]:
    """The endpoints of an app, or of all, the oldest first."""
    statement = select(endpoints).order_by(_e.app, _e.created_at, _e.id)
    if app is not None:
        statement = statement.where(_e.app == app)
    with db.read() as connection:
        return [_stored(row).endpoint for row in connection.execute(statement)]


def active(connection: Connection) -> list[Endpoint]:
    """Those that are not disabled."""
    return [_stored(row).endpoint for row in connection.execute(select(endpoints).where(_ACTIVE))]


def change(
    db: Database, endpoint_id: str, changes: Mapping[str, Any], disabled: str | bool | None, now: datetime
) -> None:
    """Set fields of an endpoint; ``disabled`` is why it is to be, False enables it."""
    values = dict(changes)
    if "events" in values:
        values["events"] = _written(values["events"])
    with db.write() as connection:
        changed = update(endpoints).where(_e.id == endpoint_id).values(**values, updated_at=now)
        connection.execute(changed)
        if isinstance(disabled, str):
            disable(connection, endpoint_id, disabled, now)
        elif disabled is False:
            enable(connection, endpoint_id, now)


def disable(connection: Connection, endpoint_id: str, reason: str, now: datetime) -> bool:
    """Tell it of nothing more; False if it is disabled already."""
    values = {"disabled_at": now, "disabled_reason": reason, "updated_at": now}
    disabled = update(endpoints).where(_e.id == endpoint_id, _ACTIVE).values(**values)
    return bool(connection.execute(disabled).rowcount)


def enable(connection: Connection, endpoint_id: str, now: datetime) -> bool:
    """Tell it of what happens from now on, and of what waits for it; False if it is not disabled."""
    values = dict.fromkeys(("disabled_at", "disabled_reason", "failing_since", "told_at", "retry_at"))
    values |= {"failures": 0, "events_from": now, "updated_at": now}
    _begin_telling(connection, now)
    enabled = update(endpoints).where(_e.id == endpoint_id, ~_ACTIVE).values(**values)
    return bool(connection.execute(enabled).rowcount)


def replace_secrets(
    db: Database, old: StoredEndpoint, new: KeptSecrets, previous_until: datetime | None, changed_at: datetime
) -> bool:
    """Keep other secrets; False if they were replaced meanwhile."""
    unchanged = (_e.id == old.endpoint.id, _e.secrets == old.secrets.encrypted)
    values = {
        "secrets": new.encrypted,
        "secret_key_id": new.key_id,
        "previous_secret_until": previous_until,
        "updated_at": changed_at,
    }
    with db.update() as connection:
        return bool(connection.execute(update(endpoints).where(*unchanged).values(**values)).rowcount)


def kept_by_other_keys(db: Database, key_id: str) -> list[StoredEndpoint]:
    """The endpoints whose secrets are kept by the key of another root secret than this one."""
    with db.read() as connection:
        rows = connection.execute(select(endpoints).where(_e.secret_key_id != key_id)).all()
    return [_stored(row) for row in rows]


def remove(db: Database, endpoint_id: str, app: str | None) -> bool:
    """Delete an endpoint with its events; False if there is no such one."""
    with db.write() as connection:
        return bool(connection.execute(delete(endpoints).where(*_one(endpoint_id, app))).rowcount)


def replay(db: Database, endpoint_id: str, since: datetime, behind: int, now: datetime) -> None:
    """Have it told what it missed since then; nothing of that is behind the step of that number."""
    values = {"replay_since": since, "replayed_to": behind, "updated_at": now}
    with db.update() as connection:
        connection.execute(update(endpoints).where(_e.id == endpoint_id).values(**values))


_ACTIVE: ColumnElement[bool] = _e.disabled_at.is_(None)


def _begin_telling(connection: Connection, now: datetime) -> None:
    """Pass over what happened while there was no endpoint to be told."""
    if connection.execute(select(_e.id).where(_ACTIVE).limit(1)).first() is not None:
        return
    behind = number_before(connection, now)
    if not TOLD.begin(connection, behind):
        position = update(counters).where(_c.name == TOLD.name, _c.value < behind)
        connection.execute(position.values(value=behind))


def _one(endpoint_id: str, app: str | None) -> tuple[ColumnElement[bool], ...]:
    return (_e.id == endpoint_id, *(() if app is None else (_e.app == app,)))


def _written(events: Sequence[str] | None) -> str | None:
    return None if events is None else json.dumps(list(events))


def _stored(row: Row[Any]) -> StoredEndpoint:
    endpoint = Endpoint(
        id=row.id,
        app=row.app,
        url=row.url,
        events=None if row.events is None else tuple(json.loads(row.events)),
        clear_numbers=row.clear_numbers,
        created_at=row.created_at,
        updated_at=row.updated_at,
        events_from=row.events_from,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        failures=row.failures,
        failing_since=row.failing_since,
        previous_secret_until=row.previous_secret_until,
        replay_since=row.replay_since,
    )
    return StoredEndpoint(endpoint, KeptSecrets(row.secret_key_id, bytes(row.secrets)))
