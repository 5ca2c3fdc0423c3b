"""Statements for API keys."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, bindparam, insert, or_, select, update

from otp_worker.domain.app import KeyScope
from otp_worker.domain.app_settings import AppSettings, read_settings
from otp_worker.domain.errors import UnauthenticatedError
from otp_worker.store.apps import add_app
from otp_worker.store.database import Database
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, api_keys, apps
from otp_worker.store.template_rows import read_versions

_k = api_keys.c
_SCOPES = frozenset(KeyScope)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of an API key: enough to recognise it, not enough to use it.

    Its limits are rates of its own; None is the operator's default, and an empty text no limit.
    """

    id: str
    name: str
    test: bool
    hint: str
    scopes: frozenset[KeyScope]
    limit: str | None
    checks_limit: str | None
    created_at: datetime
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be used at that time."""
        return self.revoked_at is None or self.revoked_at > now


class KeyOfApp(NamedTuple):
    """A key, what is set for its app, and the versions of the app's templates by their names."""

    key: StoredKey
    settings: AppSettings
    templates: Mapping[str, int]


def insert_key(db: Database, key: StoredKey, key_hash: bytes) -> None:
    """Keep a new key; its app begins with the first one."""
    with db.write() as connection:
        add_app(connection, key.name, key.created_at)
        connection.execute(
            insert(api_keys).values(
                id=key.id,
                name=key.name,
                test=key.test,
                hash=key_hash,
                hint=key.hint,
                scopes=" ".join(sorted(key.scopes)),
                limit=key.limit,
                checks_limit=key.checks_limit,
                created_at=key.created_at,
            )
        )


def find_key(db: Database, key_hash: bytes, now: datetime) -> KeyOfApp | None:
    """The key of that hash, if it is valid, with its app's settings."""
    return db.together(_find_keys, (key_hash, now))


def _find_keys(db: Database, asked: Sequence[tuple[bytes, datetime]]) -> list[KeyOfApp | None]:
    hashes = list({key_hash for key_hash, _ in asked})
    with db.read() as connection:
        rows = _FIND_KEYS.rows(connection, {"hashes": hashes, "now": max(now for _, now in asked)})
    found = {
        row.hash: KeyOfApp(_key(row), read_settings(row.app_settings), read_versions(row.app_templates))
        for row in rows
    }
    return [found.get(key_hash) for key_hash, _ in asked]


def invalid_keys(connection: Connection, key_hashes: Collection[bytes], now: datetime) -> set[bytes]:
    """Those of the hashes that are of no valid key."""
    if not key_hashes:
        return set()
    found = _VALID_HASHES.rows(connection, {"hashes": list(key_hashes), "now": now})
    return set(key_hashes) - {row.hash for row in found}


def unknown_key() -> UnauthenticatedError:
    """What is said of a key that is not valid."""
    return UnauthenticatedError("this API key is unknown or revoked")


def valid_key(db: Database, key_id: str, now: datetime) -> StoredKey | None:
    """The key of that id, if it is valid."""
    with db.read() as connection:
        row = connection.execute(select(api_keys).where(_k.id == key_id, _valid(now))).first()
    return _key(row) if row else None


def list_keys(db: Database) -> list[StoredKey]:
    """Every key, newest first."""
    with db.read() as connection:
        rows = connection.execute(select(api_keys).order_by(_k.created_at.desc())).all()
    return [_key(row) for row in rows]


def revoke_key(db: Database, key_id: str, now: datetime, revoked_at: datetime) -> bool:
    """Make a key invalid from then on; False if there is no such valid key."""
    with db.update() as connection:
        return bool(
            connection.execute(
                update(api_keys).where(_k.id == key_id, _valid(now)).values(revoked_at=revoked_at)
            ).rowcount
        )


def _key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        id=row.id,
        name=row.name,
        test=row.test,
        hint=row.hint,
        # One that only a newer version knows is for nothing here.
        scopes=frozenset(KeyScope(each) for each in row.scopes.split() if each in _SCOPES),
        limit=row.limit,
        checks_limit=row.checks_limit,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _valid(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(_k.revoked_at.is_(None), _k.revoked_at > now)


# Made once: every request asks for its key.
_OF_HASHES = (_k.hash.in_(bindparam("hashes", expanding=True)), _valid(bindparam("now", type_=Instant())))
_FIND_KEYS = Prepared(
    select(api_keys, apps.c.settings.label("app_settings"), apps.c.templates.label("app_templates"))
    .outerjoin(apps, apps.c.name == _k.name)
    .where(*_OF_HASHES)
)
_VALID_HASHES = Prepared(select(_k.hash).where(*_OF_HASHES))
