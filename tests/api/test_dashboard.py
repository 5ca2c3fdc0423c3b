"""The dashboard and the alert rules: they ask for nothing that the service does not tell."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import update

from api.app import create_app
from otp_worker.operations.heartbeat import WORKER
from otp_worker.store.schema import gateways
from otp_worker.store.sweeps import SWEEP, record_sweep
from tests.api.client import Caller
from tests.api.service import Service
from tests.api.test_metrics import everything, samples
from tests.contract.service import START

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "otp-worker.json"
RULES = DEPLOY / "prometheus" / "alerts.yml"
RULES_TEST = DEPLOY / "prometheus" / "alerts_test.yml"
LABEL = re.compile(r"\b(?:by|on|without) \(([a-z, ]+)\)")
SELECTOR = re.compile(r"(otp_\w+)\{([^}]*)\}")


def questions() -> Iterator[str]:
    """Every expression of the dashboard and of the rules."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


@pytest.fixture
def told(service: Service) -> dict[str, set[str]]:
    """The labels of every figure that the service tells, by its name, of a SIM with budgets."""
    service.sims = replace(
        service.sims, all=[replace(sim, per_day=200, recipients_per_month=100) for sim in service.sims.all]
    )
    everything(service)
    for name in (SWEEP, WORKER):
        record_sweep(service.db, name, START)
    with service.db.write() as connection:
        connection.execute(update(gateways).values(battery_percent=80.0, seen_at=START))
    web = Caller(create_app(service.intake()))
    web.simulate_get("/healthz")
    labels: dict[str, set[str]] = {}
    for name, found in samples(web):
        labels.setdefault(name, set()).update(label for label, _ in found)
    return labels


def test_what_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    for question in questions():
        asked = set(re.findall(r"\botp_\w+", question))
        assert asked, question
        assert asked <= set(told), question
        labels = set().union(*(told[name] for name in asked))
        for names in LABEL.findall(question):
            assert set(names.split(", ")) <= labels, question
        for name, matchers in SELECTOR.findall(question):
            assert set(re.findall(r"(\w+)[!=~]+", matchers)) <= told[name], question


def test_nothing_is_judged_by_the_length_of_the_queue() -> None:
    assert [question for question in questions() if "queue" in question] == []


def test_every_alert_is_tested_to_fire_and_to_be_quiet() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    cases = [
        case for test in yaml.safe_load(RULES_TEST.read_text())["tests"] for case in test["alert_rule_test"]
    ]
    for rule in group["rules"]:
        fires = {bool(case["exp_alerts"]) for case in cases if case["alertname"] == rule["alert"]}
        assert fires == {True, False}, rule["alert"]
        assert rule["labels"]["severity"] in ("fix", "look")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_promtool_agrees_with_the_tests_of_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: it is in Debian's package prometheus")
    for command in (("check", "rules", RULES), ("test", "rules", RULES_TEST)):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_panels_of_the_dashboard_lie_side_by_side() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert taken.isdisjoint(cells), panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
