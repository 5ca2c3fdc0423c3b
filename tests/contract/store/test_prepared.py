"""A prepared statement does what SQLAlchemy does with it, whatever it is given."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from sqlalchemy import DateTime, bindparam, exc, insert, select, update
from sqlalchemy.dialects import sqlite

from otp_worker.domain.verification import VerificationStatus
from otp_worker.issue.request import SendRequest
from otp_worker.store import api_keys, claims, deliver_together, issue, limits, opt_outs, pending
from otp_worker.store.database import Database
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.prepared import Prepared
from otp_worker.store.rows import new_verification_row
from otp_worker.store.schema import Instant, verifications
from tests.contract.service import SHOP, START, Service

NUMBERS = [f"+4474001234{last:02}" for last in range(9)]
AWAY = timezone(timedelta(hours=5, minutes=30))
_v = verifications.c


@pytest.fixture
def hashes(service: Service) -> list[bytes]:
    """The hashes of numbers, of which two are somebody's who wants nothing, and one is locked."""
    found = [service.keyring.number_hashes(number)[0] for number in NUMBERS]
    for number in NUMBERS[:6]:
        service.issue(number)
    with service.db.write() as connection:
        for each in found[6:8]:
            opt_outs.stop(connection, [each], "+44", START, START)
    return found


def plainly(db: Database, prepared: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with db.write() as connection:
        return [tuple(row) for row in connection.execute(prepared.statement, parameters)]


def quickly(db: Database, prepared: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with db.write() as connection:
        return [tuple(row) for row in prepared.rows(connection, parameters)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 9])
def test_what_is_read_is_what_sqlalchemy_reads_for_any_number_of_values(
    service: Service, hashes: list[bytes], count: int
) -> None:
    now = service.clock()
    scope = {
        "values": hashes[:count],
        "test": False,
        "since": START,
        "created_since": START,
        "start_0": START,
    }
    ids = [f"{each}.1" for each in _ids(service.db)[:count]]
    asked: list[tuple[Prepared, Mapping[str, Any]]] = [
        (pending._PENDING, {"hashes": hashes[:count], "now": now}),
        (opt_outs._WISHES, {"hashes": hashes[:count], "now": now}),
        (opt_outs._OF_NUMBER, {"hashes": hashes[:count]}),
        (api_keys._FIND_KEYS, {"hashes": hashes[:count], "now": now}),
        (limits._counting_each(1), scope | {"start_0": START - timedelta(hours=1)}),
        (claims._DUE, {"these": ids, "now": now}),
        (deliver_together._TAKEN_UP, {"these": ids}),
    ]
    for prepared, parameters in asked:
        for _ in range(2):
            assert sorted(map(repr, quickly(service.db, prepared, parameters))) == sorted(
                map(repr, plainly(service.db, prepared, parameters))
            )


def _ids(db: Database) -> Sequence[str]:
    with db.read() as connection:
        return list(connection.execute(select(_v.id).order_by(_v.id)).scalars())


def test_columns_keep_their_names_and_types(service: Service, hashes: list[bytes]) -> None:
    with service.db.read() as connection:
        [row] = Prepared(
            select(_v.created_at, _v.test, _v.tags, _v.seed).where(_v.number == NUMBERS[0])
        ).rows(connection, {})
    assert row.created_at == service.clock()
    assert row.created_at.tzinfo is UTC
    assert (row.test, row.tags, len(row.seed)) == (False, {}, 20)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 999_999, tzinfo=AWAY),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_what_is_written_is_what_sqlalchemy_writes(service: Service, at: datetime) -> None:
    rows = [new_verification_row(_drafted(service, number)) for number in NUMBERS[:6]]
    odd = {"user": "Zoë 'x' %s ? :now", "tags": {"b": "ü%", "a": "1"}, "resend_at": at, "ended_at": None}
    rows = [
        row | odd | {"id": f"ver_{n}", "test": n % 3 == 0, "seed": b"\x00\xff"} for n, row in enumerate(rows)
    ]
    with service.db.write() as connection:
        connection.execute(insert(verifications), rows[:3])
        assert Prepared(insert(verifications)).run(connection, rows[3:]) == 3
        raw = connection.exec_driver_sql("SELECT * FROM verifications ORDER BY id").mappings().all()
    own = {"id", "number", "number_hash", "number_masked", "block_hash"}
    told = [{name: value for name, value in row.items() if name not in own} for row in raw]
    assert told[:3] == told[3:]


def _drafted(service: Service, number: str) -> NewVerification:
    return service.issuer.drafts.verification(SendRequest(number), SHOP, service.clock())


def test_changes_are_counted_and_returned(service: Service, hashes: list[bytes]) -> None:
    ids = _ids(service.db)
    cancel = (
        update(verifications)
        .where(_v.id == bindparam("this"), _v.status == VerificationStatus.PENDING)
        .values(status=VerificationStatus.CANCELED, ended_at=bindparam("now", type_=Instant()))
    )
    now = service.clock()
    with service.db.write() as connection:
        asked = [{"this": each, "now": now} for each in (*ids[:3], "ver_of_nobody")]
        assert Prepared(cancel).run(connection, asked) == 3
        returning = Prepared(cancel.returning(_v.id, _v.ended_at))
        assert tuple(returning.first(connection, {"this": ids[3], "now": now})) == (ids[3], now)
        assert returning.first(connection, {"this": ids[3], "now": now}) is None


def test_an_error_is_sqlalchemys_and_undoes_the_transaction(service: Service) -> None:
    row = new_verification_row(_drafted(service, NUMBERS[0]))
    with pytest.raises(exc.IntegrityError), service.db.write() as connection:
        issue._INSERT_VERIFICATION.run(connection, [row, row])
    assert not _ids(service.db)


@pytest.mark.parametrize("year", [1, 999, 1970, 2026, 9999])
def test_sqlite_is_given_the_text_that_sqlalchemy_makes(year: int) -> None:
    dialect = sqlite.dialect()
    plain = DateTime().dialect_impl(dialect).bind_processor(dialect)
    quick = Instant().bind_processor(dialect)
    assert plain is not None
    assert quick is not None
    chance = Random(year)
    for zone in (UTC, AWAY):
        at = datetime(year, 6, 1, chance.randrange(24), 59, 1, chance.choice([0, 1, 10**5]), tzinfo=zone)
        assert quick(at) == plain(at.astimezone(UTC).replace(tzinfo=None))
    assert quick(None) is None
