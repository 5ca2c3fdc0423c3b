"""Clients that others' generators make of the OpenAPI document: they compile, and one makes its calls."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.reference.openapi import openapi_document
from tests.acceptance.served import served

GENERATORS = Path(__file__).with_name("generators")
"""What is installed from the registries, pinned with its hashes, and a program that uses each client."""
NODE, NPM = shutil.which("node"), shutil.which("npm")
INSTALL_SECONDS = 300
RUN_SECONDS = 120

pytestmark = pytest.mark.nightly


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The document, with the programs that use a client beside it."""
    shutil.copytree(GENERATORS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "openapi.json").write_text(json.dumps(openapi_document()))
    return tmp_path


def run(folder: Path, words: Sequence[str | Path], seconds: int = RUN_SECONDS, **environment: str) -> str:
    """What a program prints; fails the test with that where the program fails."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_client_of_openapi_python_client_is_typed_and_makes_its_calls(
    folder: Path, migrated_sqlite: Path
) -> None:
    run(folder, [sys.executable, "-m", "venv", "env"])
    programs = folder / "env" / "bin"
    pip = ["-q", "install", "--require-hashes", "-r", "requirements.txt"]
    run(folder, [programs / "pip", *pip], INSTALL_SECONDS)
    generate = ["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "otp_api"]
    said = run(
        folder,
        [programs / "openapi-python-client", *generate, "--fail-on-warning"],
        PATH=f"{programs}:{os.environ['PATH']}",
    )
    assert "Warning" not in said
    run(folder, [programs / "mypy", "otp_api", "use.py"])
    with served(migrated_sqlite, folder) as (url, service):
        told = run(
            folder, [programs / "python", "use.py"], OTP_URL=url, OTP_KEY=service.key("shop"), PYTHONPATH="."
        )
    assert told == "+44********56 urn:otp-worker:problem:invalid_field\n"


@pytest.mark.skipif(not (NODE and NPM), reason="node and npm are not installed: apt-get install npm")
def test_the_types_of_openapi_typescript_compile_and_say_what_a_program_needs(folder: Path) -> None:
    run(folder, [str(NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"], INSTALL_SECONDS)
    programs = folder / "node_modules" / ".bin"
    run(folder, [programs / "openapi-typescript", "openapi.json", "-o", "otp.ts"])
    run(folder, [programs / "tsc", "--strict", "--noEmit", "--noUncheckedIndexedAccess", "use.ts"])
