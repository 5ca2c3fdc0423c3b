"""The dashboard and the alert rules: they ask for nothing that the service does not tell."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

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


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard in their order, the rows' titles included."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def test_no_panel_lies_on_another_or_beside_the_grid() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_every_panel_has_its_unit_and_tells_its_lines_apart() -> None:
    for panel in panels():
        if panel["type"] == "row":
            continue
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert (unit == "s") == all(_is_seconds(each["expr"]) for each in panel["targets"]), panel["title"]
        for target in panel["targets"]:
            _check_legend(panel["title"], target["expr"], target["legendFormat"])
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]


def test_thresholds_rise_from_a_first_one_without_a_value() -> None:
    for panel in panels():
        steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
        values = [step["value"] for step in steps]
        assert values[:1] in ([], [None]), panel["title"]
        assert values[1:] == sorted(set(values[1:])), panel["title"]


def test_every_variable_is_defined_or_grafanas_own() -> None:
    text = DASHBOARD.read_text()
    defined = {each["name"] for each in json.loads(text)["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", text))
    assert used <= defined | {"__range", "__rate_interval"}
    sources = [panel["datasource"]["uid"] for panel in panels() if panel["type"] != "row"]
    assert set(sources) == {"${datasource}"}


def _is_seconds(expression: str) -> bool:
    return "_seconds" in expression and "_seconds_count" not in expression


def _check_legend(title: str, expression: str, legend: str) -> None:
    """A line's name has just the labels that its lines differ by."""
    by = re.search(r"\bby \(([a-z, ]+)\)", expression)
    labels = set(by[1].split(", ")) - {"le"} if by else set()
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) == labels, f"{title}: {legend}"
    assert legend
