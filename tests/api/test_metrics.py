"""``/metrics``: Prometheus' conventions, and figures that are right in every process."""

import re
import shutil
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from falcon import App
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.tally_metrics import COUNTERS, HISTOGRAMS
from otp_worker.domain.step import Step, StepKind
from otp_worker.service.purges import purges
from otp_worker.store import canaries, notifications, steps
from otp_worker.store.circuit_breakers import SimState, note_failure
from otp_worker.store.counted_steps import count_steps
from tests.api.client import Caller
from tests.api.service import Service
from tests.contract.operations.sent import write
from tests.contract.service import START

GATEWAY = "obedient"


def everything(service: Service) -> None:
    """One step of each kind that is counted, so that every metric has a figure."""
    verification = service.issue()
    sent: dict[str, Any] = {"delivery_number": 1, "gateway": GATEWAY, "sim": GATEWAY}
    ways = (
        {"kind": StepKind.ACCEPTED},
        {"kind": StepKind.ATTEMPT, "outcome": "accepted", "milliseconds": 90, **sent},
        {"kind": StepKind.TAKEN, "milliseconds": 210, **sent},
        {"kind": StepKind.RECEIPT, "outcome": "undelivered", **sent},
        {"kind": StepKind.RECEIPT, "outcome": "delivered", "milliseconds": 1_300, **sent},
        {"kind": StepKind.CHECK, "outcome": "right"},
        {"kind": StepKind.APPROVED, "milliseconds": 9_000},
        {"kind": StepKind.ENDED, "outcome": "failed", "detail": "not sent in time: away"},
    )
    with service.db.write() as connection:
        steps.write(connection, [Step(START, verification_id=verification.id, **way) for way in ways])
    write(service.db, f"settled-{verification.id[-8:]}", START - timedelta(hours=1), sims=[GATEWAY])
    note_failure(
        service.db, SimState(GATEWAY, gateway=GATEWAY), probed=False, now=START, probe_at=START, reason="slow"
    )
    with service.db.write() as connection:
        notifications.insert_notices(connection, ["webhook"], "phone.silent", {}, START)
    (notice,) = notifications.due_notices(service.db, START, 1)
    notifications.claim_notice(service.db, notice, START, START + timedelta(seconds=30))
    canaries.insert_canary(service.db, verification.id[4:], GATEWAY, "second", START)
    canaries.arrive(service.db, verification.id[4:], GATEWAY, [], START + timedelta(seconds=3))


def families(answer: str) -> dict[str, Metric]:
    """The metrics of an answer, by their names without a counter's suffix."""
    return {family.name: family for family in text_string_to_metric_families(answer)}


def samples(stranger: Caller) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every figure by its name and labels."""
    answer = stranger.simulate_get("/metrics").text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(answer).values()
        for sample in family.samples
    }


def figure(stranger: Caller, name: str, **labels: str) -> float:
    return samples(stranger)[name, frozenset(labels.items())]


def test_every_step_has_its_figure(stranger: Caller, service: Service) -> None:
    everything(service)
    sent = {"country": "GB", "gateway": GATEWAY, "sim": GATEWAY}
    cell = {"app": "shop", "country": "GB", "template": "default", "sim": GATEWAY}
    found = samples(stranger)
    for name, labels in {
        "otp_accepted_total": {"country": "GB", "channel": "sms"},
        "otp_handed_over_total": sent,
        "otp_delivered_total": sent,
        "otp_undelivered_total": sent,
        "otp_approved_total": {"country": "GB", "channel": "sms"},
        "otp_failed_total": {"country": "GB", "reason": "not_sent"},
        "otp_conversion_sent_total": cell,
        "otp_conversion_delivered_total": cell,
        "otp_conversion_approved_total": cell,
        "otp_checks_total": {"result": "right"},
        "otp_accept_to_gateway_seconds_count": {"gateway": GATEWAY},
        "otp_gateway_to_receipt_seconds_count": {"gateway": GATEWAY},
        "otp_accept_to_receipt_seconds_count": {"gateway": GATEWAY},
        "otp_accept_to_approved_seconds_count": {},
        "otp_gateway_answer_seconds_count": {"gateway": GATEWAY, "outcome": "accepted"},
    }.items():
        assert found[name, frozenset(labels.items())] >= 1, name
    assert found["otp_gateway_to_receipt_seconds_sum", frozenset({("gateway", GATEWAY)})] == 1.3


def test_a_histogram_counts_each_time_in_every_bucket_that_it_fits(
    stranger: Caller, service: Service
) -> None:
    everything(service)
    found = samples(stranger)

    def bucket(bound: str) -> float:
        labels = frozenset({("gateway", GATEWAY), ("le", bound)})
        return found["otp_gateway_to_receipt_seconds_bucket", labels]

    assert [bucket(bound) for bound in ("1.0", "1.5", "600.0", "+Inf")] == [0, 1, 1, 1]


def test_every_process_tells_the_same_and_no_figure_falls(
    app: "App[Any, Any]", stranger: Caller, service: Service
) -> None:
    other = Caller(create_app(service.intake()))
    seen: dict[Any, float] = {}
    for n in range(6):
        everything(service)
        asked = (stranger, other)[n % 2]
        asked.simulate_get("/healthz")
        found = {key: value for key, value in samples(asked).items() if key[0].endswith(("_total", "_count"))}
        assert all(found[key] >= value for key, value in seen.items())
        seen = found
    assert seen["otp_checks_total", frozenset({("result", "right")})] == 6


def test_no_figure_falls_when_everything_is_purged(stranger: Caller, service: Service) -> None:
    everything(service)
    before = figure(stranger, "otp_delivered_total", country="GB", gateway=GATEWAY, sim=GATEWAY)
    with service.db.write() as connection:
        connection.exec_driver_sql("UPDATE verifications SET status = 'expired', ended_at = created_at")
    for purge in purges(service.sims, 3600, 30):
        purge(service.db, START + timedelta(days=900))
    assert figure(stranger, "otp_delivered_total", country="GB", gateway=GATEWAY, sim=GATEWAY) == before


def test_a_request_is_counted_under_its_route_and_never_its_path(shop: Caller, stranger: Caller) -> None:
    name = shop.sent()
    shop.read(name)
    stranger.simulate_get("/v1/none/+447400123456")
    stranger.simulate_request("TRACE", "/healthz")
    answer = stranger.simulate_get("/metrics").text
    read = 'method="GET",route="/v1/verifications/{verification_id}",status="200"'
    assert f"otp_http_request_duration_seconds_count{{{read}}} 1.0" in answer
    assert 'method="GET",route="-",status="404"' in answer
    assert 'method="other"' in answer
    for secret in (name, "447400123456", "TRACE"):
        assert secret not in answer


def test_requests_are_counted_although_the_database_is_away(stranger: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE tallies RENAME TO hidden")
    for _ in range(3):
        assert stranger.simulate_get("/healthz").status_code == 200
    with service.db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO tallies")
    name = "otp_http_request_duration_seconds_count"
    assert figure(stranger, name, method="GET", route="/healthz", status="200") == 3


def test_every_name_keeps_prometheus_conventions(stranger: Caller, service: Service) -> None:
    everything(service)
    found = families(stranger.simulate_get("/metrics").text)
    assert {family.name for family in (*COUNTERS, *HISTOGRAMS)} <= set(found)
    for name, family in found.items():
        assert re.fullmatch(r"otp(_[a-z]+)+", name), name
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram"), name
        assert not name.endswith(("_total", "_count", "_sum", "_bucket")), name
        assert (family.type == "histogram") <= name.endswith("_seconds"), name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|days|gauge|counter)$", name), name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), name
            assert all(re.fullmatch(r"[a-z]+", label) for label in sample.labels), name


def test_promtool_finds_nothing_to_say(stranger: Caller, service: Service) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: it is in Debian's package prometheus")
    everything(service)
    answer = stranger.simulate_get("/metrics").text
    done = subprocess.run(
        [promtool, "check", "metrics"], input=answer, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_upkeep_counted_is_told_without_counting_again(stranger: Caller, service: Service) -> None:
    everything(service)
    count_steps(service.db, service.clock())
    assert figure(stranger, "otp_checks_total", result="right") == 1
