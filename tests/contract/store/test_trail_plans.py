"""Every list and search of verifications goes by an index."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import trail
from otp_worker.store.schema import deliveries, steps, verification_tags, verifications
from otp_worker.store.trail import Place, Wanted
from tests.contract.rows import old_rows
from tests.contract.service import START, Service
from tests.contract.store.listing import HOUR, listed
from tests.contract.store.test_plans import noted

SEARCHES: dict[str, Callable[[Service], object]] = {
    "ix_verifications_created_at": lambda service: listed(service, Wanted()),
    "ix_verifications_app": lambda service: listed(service, Wanted(app="shop", since=START, until=START)),
    "ix_verifications_app ": lambda service: listed(service, Wanted(app="shop"), Place(START, "ver_")),
    "ix_verifications_user": lambda service: listed(service, Wanted(user="u")),
    "ix_verifications_user_status": lambda service: listed(
        service, Wanted(user="guest", app="shop", status=VerificationStatus.FAILED), Place(START, "ver_")
    ),
    "ix_verifications_user_status ": lambda service: listed(
        service, Wanted(user="guest", status=VerificationStatus.FAILED)
    ),
    "ix_verifications_status(_app)?": lambda service: listed(
        service, Wanted(status=VerificationStatus.FAILED)
    ),
    "ix_verifications_status_app": lambda service: listed(
        service, Wanted(status=VerificationStatus.FAILED, app="shop"), Place(START, "ver_")
    ),
    "ix_verifications_pending_expiry ": lambda service: listed(
        service, Wanted(status=VerificationStatus.EXPIRED, app="shop", since=START), Place(START, "ver_")
    ),
    "ix_verifications_pending_expiry": lambda service: listed(
        service, Wanted(status=VerificationStatus.PENDING, app="shop")
    ),
    "ix_verifications_number_hash": lambda service: listed(
        service,
        Wanted(number_hashes=[b"a", b"b"], app="shop", user="u", status=VerificationStatus.EXPIRED),
        Place(START, "ver_"),
    ),
    "ix_verifications_purpose": lambda service: listed(
        service, Wanted(purpose="payment", app="shop", status=VerificationStatus.FAILED), Place(START, "ver_")
    ),
    "ix_verifications_client_reference": lambda service: listed(
        service, Wanted(client_reference="order-7", app="shop", user="u", purpose="payment")
    ),
    "ix_verification_tags_value": lambda service: listed(
        service, Wanted(tag=("campaign", "7"), app="shop", purpose="payment"), Place(START, "ver_")
    ),
    "ix_deliveries_verification_id": lambda service: trail.deliveries_of(service.db, ["ver_1"])["ver_1"],
    "ix_deliveries_gateway_message_id": lambda service: trail.ids_of(service.db, "msg_1"),
    "ix_verifications_request_id": lambda service: trail.ids_of(service.db, "req_1"),
    "ix_steps_of_gateways|ix_steps_verification_id": lambda service: trail.outages(
        service.db, ["gb"], START, START + HOUR
    ),
    "pk_steps|INTEGER PRIMARY KEY": lambda service: trail.newest_steps(service.db, 0, 10),
}
"""Each list and search, and the index that it is to find its rows by."""


def test_every_search_goes_by_its_index(service: Service) -> None:
    fill(service, 300)
    for index, search in SEARCHES.items():
        with noted(service.db) as asked:
            search(service)
        plans = "\n".join(plan(service, sql, parameters) for sql, parameters in asked if "SELECT" in sql)
        assert re.search(rf"\b({index.strip()})\b", plans), plans
        assert re.search(r"SCAN (?!\w+ USING INDEX)|Seq Scan", plans) is None, plans


def plan(service: Service, sql: str, parameters: Any) -> str:
    """How the database would answer a statement, with what it knows of the rows that there are."""
    with service.db.write() as connection:
        if service.db.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
            return "\n".join(str(row[3]) for row in rows)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {sql}", parameters))


def fill(service: Service, number: int) -> None:
    """Verifications that are over, of two apps, with their deliveries and a step for each."""
    tables = (verifications, deliveries, steps, verification_tags)
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in tables}
    for n in range(number):
        at: datetime = START - timedelta(seconds=n + 1)
        old = old_rows(f"ver_{n:026}", n.to_bytes(32, "big"), at)
        more = {"app": "bank" if n % 20 else "shop", "request_id": f"req_{n}"}
        more["user"] = f"user-{n}" if n % 2 else "guest"
        # Enough of them that one index is better than another, whatever is drawn.
        more["status"] = VerificationStatus.FAILED if n % 7 == 0 else old[verifications]["status"]
        more |= {"purpose": f"purpose-{n % 9}", "client_reference": f"order-{n}"}
        rows["verifications"].append(old[verifications] | more)
        rows["deliveries"].append(old[deliveries])
        tag = {"verification_id": old[verifications]["id"], "name": "campaign", "value": str(n % 50)}
        rows["verification_tags"].append(tag)
        rows["steps"].append({"at": at, "kind": "breaker_opened", "gateway": "gb"})
    with service.db.write() as connection:
        for table in tables:
            connection.execute(insert(table), rows[table.name])
        if not service.db.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
