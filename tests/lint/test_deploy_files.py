"""The files in deploy/ are correct by the checkers of those who read them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
WORKFLOW = ROOT / ".github/workflows/test.yml"
BIN = Path(sys.executable).parent
MANIFESTS = ["kubernetes/base", "kubernetes/overlays/keda"]
NEEDS_KUBECTL = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not here: apt-get install kubernetes-client"
)


def said_by(*command: str | Path) -> str:
    """What a program prints that must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_image_is_described_well() -> None:
    said_by(BIN / "hadolint", "--failure-threshold", "style", DEPLOY / "image/Containerfile")


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_a_compose_file_keeps_to_its_specification(name: str) -> None:
    said_by(
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        DEPLOY / "compose" / f"{name}.yaml",
    )


def test_the_proxies_are_configured_well() -> None:
    said_by(BIN / "caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")
    said_by(BIN / "caddy", "fmt", "--diff", DEPLOY / "Caddyfile")
    said_by(BIN / "gixy", DEPLOY / "nginx.conf")


@NEEDS_KUBECTL
@pytest.mark.parametrize("folder", MANIFESTS)
def test_a_cluster_takes_the_manifests(tmp_path: Path, folder: str) -> None:
    built = said_by("kubectl", "kustomize", DEPLOY / folder)
    # No schema of KEDA's objects comes with the checker.
    own = [each for each in built.split("\n---\n") if "keda.sh" not in each]
    (tmp_path / "built.yaml").write_text("\n---\n".join(own))
    said_by(BIN / "kubernetes-validate", "--strict", tmp_path / "built.yaml")


def test_every_variable_that_the_files_set_exists() -> None:
    named = {
        name
        for file in (*DEPLOY.glob("compose/*.yaml"), *DEPLOY.glob("kubernetes/**/*.yaml"))
        for name in re.findall(r"\b((?:OTP|FLOWER|CONSOLE)_[A-Z_]+|HOST|PORT)\b", file.read_text())
    }
    documented = set(re.findall(r"`([A-Z_]+)`", (DEPLOY / "README.md").read_text()))
    assert named
    assert named <= documented


def test_every_process_of_the_procfile_runs_in_compose_and_in_the_cluster() -> None:
    processes = re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(), re.MULTILINE)
    for file in DEPLOY.glob("compose/*.yaml"):
        started = re.findall(r"otp-worker, start, (\w+)", file.read_text())
        assert sorted(started) == sorted(processes)
    manifests = "".join(file.read_text() for file in (DEPLOY / "kubernetes/base").glob("*.yaml"))
    assert sorted(re.findall(r"otp-worker, start, (\w+)", manifests)) == sorted(processes)


def test_the_workflow_keeps_to_its_specification() -> None:
    said_by(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)


@pytest.mark.skipif(not (BIN / "zizmor").exists(), reason="zizmor is not here: pip install zizmor")
def test_the_workflow_lets_nobody_in() -> None:
    said_by(BIN / "zizmor", "--offline", WORKFLOW)
