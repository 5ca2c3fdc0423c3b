"""The house: its rooms are few, and what is in them can be read at one go."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "otp_worker"
FUNCTION_LINES = 40
FILE_LINES = 260
ROOMS = 14
# The client and the plugin for tests are what apps install: no rooms of the service.
BESIDE_THE_ROOMS = {
    "__init__.py",
    "__main__.py",
    "README.md",
    "Procfile",
    "py.typed",
    "__pycache__",
    "client",
    "contrib",
    "testing",
}
# A migration is written once and never changed: it is as long as what it does.
MIGRATIONS = PACKAGE / "store" / "migrations"
SOURCES = sorted(
    path
    for folder in (PACKAGE, ROOT / "api", ROOT / "tests")
    for path in folder.rglob("*.py")
    if not path.is_relative_to(MIGRATIONS)
)


def long_functions(code: str) -> list[str]:
    """The functions of a module with too many lines, each with its number of lines."""
    found = (
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [f"{name}: {lines} lines" for name, lines in found if lines > FUNCTION_LINES]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_can_be_read_at_one_go(source: Path) -> None:
    code = source.read_text()
    assert long_functions(code) == []
    assert len(code.splitlines()) <= FILE_LINES


def test_the_package_has_few_rooms() -> None:
    rooms = {path.name for path in PACKAGE.iterdir()} - BESIDE_THE_ROOMS
    assert len(rooms) <= ROOMS, sorted(rooms)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_long_function_is_seen_wherever_it_is(kind: str) -> None:
    def nested(lines: int) -> str:
        return f"class C:\n    {kind} long(self):\n" + "        pass\n" * (lines - 1)

    assert long_functions(nested(FUNCTION_LINES)) == []
    assert long_functions(nested(FUNCTION_LINES + 1)) == [f"long: {FUNCTION_LINES + 1} lines"]
