"""The tools that read the code, and the rules that none of them knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "lint-imports": ["lint-imports"],
    "bandit": ["bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", "otp_worker", "api"],
}
# Settings are read in one place. These hand the environment on to the programs they start.
MAY_SEE_THE_ENVIRONMENT = {
    "otp_worker/service/settings.py",
    "otp_worker/service/environment_file.py",
    "otp_worker/devtools/setup/step.py",
    "otp_worker/devtools/processes/environment.py",
    "otp_worker/service/processes/environment.py",
}
SOURCES = sorted([*ROOT.glob("otp_worker/**/*.py"), *ROOT.glob("api/**/*.py")])


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_to_complain_about(tool: str) -> None:
    program, *arguments = TOOLS[tool]
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_settings_read_the_environment(source: Path) -> None:
    name = str(source.relative_to(ROOT))
    assert name in MAY_SEE_THE_ENVIRONMENT or not reads_environment(source.read_text())


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ['X']",
        "import os as system\nsystem.environ['X']",
        "import os\nos.getenv('X')",
        "from os import environ",
    ],
)
def test_every_way_of_reading_the_environment_is_seen(code: str) -> None:
    assert reads_environment(code)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_bandit_is_silenced_only_where_ruff_is_and_for_the_same(source: Path) -> None:
    for line in source.read_text().splitlines():
        if "nosec" in line:
            assert re.search(r"# nosec B(\d+) # noqa: S\1\b", line), line


def reads_environment(code: str) -> bool:
    words = {"environ", "environb", "getenv", "getenvb"}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr in words:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(alias.name in words for alias in node.names)
    return False
