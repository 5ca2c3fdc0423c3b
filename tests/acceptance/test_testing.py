"""The documented example as an app team's own suite: a fresh pytest, the real service."""

import os
import re
import subprocess
import sys
from pathlib import Path

import otp_worker.testing
from tests.acceptance.test_demo import processes_of

README = Path(otp_worker.testing.__file__).parent / "README.md"
LONG_ENOUGH_SECONDS = 180


def write_example(folder: Path) -> None:
    """An app team's tests, as the document has them."""
    files = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", README.read_text(), re.DOTALL))
    assert set(files) == {"conftest.py", "test_sign_in.py"}
    for name, text in files.items():
        (folder / name).write_text(text)


def test_the_documented_example_passes_and_leaves_no_process(tmp_path: Path) -> None:
    suite, temporary = tmp_path / "suite", tmp_path / "temporary"
    suite.mkdir()
    write_example(suite)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={temporary}", "."],
        cwd=suite,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        capture_output=True,
        text=True,
        timeout=LONG_ENOUGH_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert processes_of(temporary) == []
