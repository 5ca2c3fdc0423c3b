"""Fixtures for the commands of developers."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.devtools.place import Place


@pytest.fixture
def place() -> Iterator[Place]:
    # Not in pytest's own folder: the user that Postgres runs as is shut out of that.
    with TemporaryDirectory(prefix="otp-devtools-test-") as name:
        Path(name).chmod(0o755)
        yield Place(Path(name), secrets.token_hex(8))
