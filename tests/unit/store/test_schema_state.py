"""Which versions of the schema there are is read without Alembic, and is what Alembic says."""

import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory

from otp_worker.store.schema_state import SCRIPTS, known_versions, newest_version


@pytest.fixture
def scripts() -> ScriptDirectory:
    return ScriptDirectory(str(SCRIPTS))


def test_the_known_versions_are_those_that_alembic_finds(scripts: ScriptDirectory) -> None:
    assert known_versions() == {script.revision for script in scripts.walk_revisions()}


def test_the_newest_version_is_where_alembic_upgrades_to(scripts: ScriptDirectory) -> None:
    assert newest_version() == scripts.get_current_head()


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("otp_worker.store.schema_state", ["alembic"]),
        ("otp_worker.service.roles", ["alembic", "sqlalchemy", "psycopg", "celery", "requests", "smtplib"]),
    ],
)
def test_what_every_process_imports_spares_it_the_rest(module: str, spared: list[str]) -> None:
    asked = f"import sys, {module}; print(*sorted({set(spared)!r} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
