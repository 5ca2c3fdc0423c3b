"""Whether the service lives, and whether it can work."""

import pytest

from otp_worker.operations.health import SWEEP_STALE_SECONDS, WORKERS_STALE_SECONDS
from otp_worker.store import sweeps
from otp_worker.store.sweeps import SWEEP
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import OFFLINE


@pytest.fixture
def _swept(service: Service) -> None:
    sweeps.record_sweep(service.db, SWEEP, service.clock())


def reasons(stranger: Caller) -> dict[str, str]:
    """What is not well, and why; the answer's status must agree."""
    answer = stranger.simulate_get("/readyz")
    checks = answer.json["checks"]
    wrong = {check["name"]: check["detail"] for check in checks if not check["ok"]}
    assert answer.json["ready"] is not bool(wrong)
    assert answer.status_code == (503 if wrong else 200)
    return wrong


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
def test_it_is_not_ready_without_its_broker(stranger: Caller, service: Service) -> None:
    service.broker_is_away = True
    assert reasons(stranger) == {"broker": "the broker does not answer (ConnectionError)"}


def test_it_is_not_ready_before_the_first_sweep(stranger: Caller) -> None:
    assert reasons(stranger) == {"sweep": "never ran: start beat and upkeep"}


@pytest.mark.usefixtures("_swept")
def test_it_is_not_ready_when_sweeping_has_stopped(stranger: Caller, service: Service) -> None:
    service.clock.move(SWEEP_STALE_SECONDS)
    assert reasons(stranger) == {}
    service.clock.move(1)
    assert reasons(stranger) == {"sweep": "last ran 31 s ago: are beat and upkeep running?"}


@pytest.mark.usefixtures("_swept")
def test_it_is_not_ready_when_no_worker_takes_what_is_due(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    shop.sent()
    service.clock.move(WORKERS_STALE_SECONDS + 1)
    sweeps.record_sweep(service.db, SWEEP, service.clock())
    assert list(reasons(stranger)) == ["workers"]
    service.deliver_queued()
    assert reasons(stranger) == {}


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
    for _ in range(3):
        shop.sent()
    service.deliver_queued()
    assert reasons(stranger) == {}
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
