"""Whether the service lives, and whether it can work."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from otp_worker.operations.health import SLOW_SECONDS
from otp_worker.operations.heartbeat import WORKER
from otp_worker.operations.write_probe import TRY_EVERY_SECONDS
from otp_worker.store import sweeps
from otp_worker.store.sweeps import SWEEP
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.operations.test_write_probe import read_only
from tests.contract.service import OFFLINE
from tests.waiting import awaited


@pytest.fixture
def _swept(service: Service) -> None:
    _sweep_and_report(service)


def _sweep_and_report(service: Service) -> None:
    """What beat, upkeep and a worker write down."""
    for name in (SWEEP, WORKER):
        sweeps.record_sweep(service.db, name, service.clock())


def reasons(stranger: Caller, audience: str = "", *, blocking: bool = True) -> dict[str, str]:
    """What is not well and blocks, or does not block, and why; the answer's status must agree."""
    answer = stranger.simulate_get("/readyz", query_string=audience)
    wrong = [check for check in answer.json["checks"] if not check["ok"]]
    blocks = any(check["blocking"] for check in wrong)
    assert answer.json["ready"] is not blocks
    assert answer.status_code == (503 if blocks else 200)
    return {check["name"]: check["detail"] for check in wrong if check["blocking"] is blocking}


@pytest.mark.usefixtures("_swept")
def test_a_send_that_the_database_refused_is_known_before_the_next_regular_try(
    stranger: Caller, shop: Caller, service: Service
) -> None:
    assert reasons(stranger) == {}
    service.db.engine.dispose()
    with read_only(service.db):
        assert problem(shop.send())[0] == 503
        assert awaited(lambda: "database" in reasons(stranger), TRY_EVERY_SECONDS * 0.8)


def test_it_lives_whatever_is_away(stranger: Caller, service: Service) -> None:
    service.broker_is_away = True
    with service.db.write() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    answer = stranger.simulate_get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


@pytest.mark.usefixtures("_swept")
def test_it_is_ready_when_all_parts_are(stranger: Caller) -> None:
    assert reasons(stranger) == {}


@pytest.mark.usefixtures("_swept")
def test_a_broker_that_is_away_blocks_workers_alone(stranger: Caller, service: Service) -> None:
    service.broker_is_away = True
    away = {"broker": "the broker does not answer (ConnectionError)"}
    assert reasons(stranger, "for=worker") == away
    for audience in ("", "for=web"):
        assert reasons(stranger, audience) == {}
        assert reasons(stranger, audience, blocking=False) == away


def test_it_is_not_ready_before_the_first_sweep_and_the_first_worker(stranger: Caller) -> None:
    missing = {"sweep": "never ran: start beat and upkeep", "workers": "none has run: start worker"}
    assert reasons(stranger) == missing
    for audience in ("for=web", "for=worker"):
        assert reasons(stranger, audience) == {}
        assert reasons(stranger, audience, blocking=False) == missing


def test_workers_of_an_older_version_report_nothing_and_are_missed_only_once_a_delivery_waits(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    """As in a rolling upgrade, and on the way back: a balancer must not take this web out meanwhile."""
    service.older_may_run = True
    sweeps.record_sweep(service.db, SWEEP, service.clock())
    assert reasons(stranger) == {}
    shop.sent()
    service.clock.move(SLOW_SECONDS + 1)
    sweeps.record_sweep(service.db, SWEEP, service.clock())
    assert reasons(stranger) == {"workers": "none has run: start worker"}
    service.deliver_queued()
    assert reasons(stranger) == {}


@pytest.mark.usefixtures("_swept")
@pytest.mark.parametrize(
    ("name", "other", "detail"),
    [
        (SWEEP, WORKER, {"sweep": "last ran 61 s ago: are beat and upkeep running?"}),
        (WORKER, SWEEP, {"workers": "one last reported 61 s ago: is worker running?"}),
    ],
)
def test_it_is_not_ready_when_beat_or_every_worker_is_away_for_a_minute(
    stranger: Caller, service: Service, name: str, other: str, detail: dict[str, str]
) -> None:
    service.clock.move(60)
    assert reasons(stranger) == {}
    service.clock.move(1)
    sweeps.record_sweep(service.db, other, service.clock())
    assert reasons(stranger) == detail
    assert reasons(stranger, "for=web") == {}


@pytest.mark.usefixtures("_swept")
def test_a_sweep_that_was_written_down_by_a_clock_that_was_set_back_since_does_not_count_as_one(
    stranger: Caller, service: Service
) -> None:
    """It would look fresh for an hour."""
    service.clock.move(-3600)
    assert reasons(stranger)["sweep"].startswith("last ran by a clock that was 3600 s ahead")
    _sweep_and_report(service)
    assert reasons(stranger) == {}


@pytest.mark.usefixtures("_swept")
def test_a_delivery_that_no_worker_takes_in_time_is_told(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    shop.sent()
    service.clock.move(SLOW_SECONDS + 1)
    _sweep_and_report(service)
    assert list(reasons(stranger, blocking=False)) == ["deliveries"]
    service.deliver_queued()
    assert reasons(stranger, blocking=False) == {}


@pytest.mark.usefixtures("_swept")
@pytest.mark.parametrize("audience", ["", "for=web", "for=worker"])
def test_a_database_that_cannot_be_written_blocks_everybody(
    stranger: Caller, service: Service, audience: str
) -> None:
    service.db.engine.dispose()
    event.listen(service.db.engine, "connect", _only_read)
    assert reasons(stranger, audience) == {"database": "cannot be written: it is read-only"}


@pytest.mark.usefixtures("_swept")
def test_a_database_that_goes_away_right_after_it_was_tried_is_named_too(
    stranger: Caller, service: Service
) -> None:
    assert reasons(stranger, "for=web") == {}

    def away(*_: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("unable to open database file"))

    event.listen(service.db.engine, "before_cursor_execute", away)
    assert reasons(stranger, "for=web") == {"database": "does not answer: OperationalError"}


def _only_read(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize("query", ["for=me", "for=webs"])
def test_who_asks_for_somebody_unknown_is_told_whom_there_is(stranger: Caller, query: str) -> None:
    assert problem(stranger.simulate_get("/readyz", query_string=query))[0] == 422


@pytest.mark.usefixtures("_swept")
def test_it_is_ready_when_what_waited_for_the_phone_is_put_on_the_queue(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for _ in range(5):
        shop.sent()
    service.deliver_queued()
    service.clock.move(200)
    service.breaker.show_life(service.gateway.name, service.clock())
    service.expirer.enqueue_due(service.clock())
    assert service.queue
    _sweep_and_report(service)
    assert reasons(stranger, blocking=False) == {}
    service.clock.move(SLOW_SECONDS + 1)
    _sweep_and_report(service)
    assert list(reasons(stranger, blocking=False)) == ["deliveries"]


@pytest.mark.usefixtures("_swept")
def test_it_is_ready_when_what_waited_for_the_broker_is_put_on_the_queue(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    service.broker_is_away = True
    shop.sent()
    service.clock.move(200)
    service.broker_is_away = False
    service.expirer.enqueue_due(service.clock())
    assert len(service.queue) == 1
    _sweep_and_report(service)
    assert reasons(stranger, blocking=False) == {}


@pytest.mark.usefixtures("_swept")
def test_it_is_not_ready_on_a_schema_of_another_version(stranger: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ancient'")
    assert "run: otp-worker migrate" in reasons(stranger)["database"]


@pytest.mark.usefixtures("_swept")
def test_it_is_not_ready_on_an_empty_database(stranger: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert reasons(stranger)["database"] == "the database has no schema yet; run: otp-worker migrate"


@pytest.mark.usefixtures("_swept")
def test_a_phone_that_is_offline_is_told_and_does_not_make_it_unready(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for last in range(3):
        shop.sent(f"+44740012345{last}")
    service.deliver_queued()
    assert reasons(stranger) == {}
    assert list(reasons(stranger, blocking=False)) == ["phone"]
    phone = stranger.simulate_get("/readyz").json["checks"][-1]
    assert phone["name"] == "phone"
    assert "offline since 12:00:00Z" in phone["detail"]


def test_health_is_not_logged_time_and_again(stranger: Caller, logged: list[dict[str, object]]) -> None:
    stranger.simulate_get("/healthz")
    stranger.simulate_get("/readyz")
    assert logged == []


def test_metrics_are_prometheus_text(shop: Caller, stranger: Caller) -> None:
    shop.sent()
    answer = stranger.simulate_get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'otp_deliveries_open{status="queued"} 1.0' in answer.text


def test_metrics_of_a_database_that_is_away_are_none(stranger: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("DROP TABLE sweeps")
    assert problem(stranger.simulate_get("/metrics")) == (503, "database_away")
