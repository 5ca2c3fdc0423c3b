"""An environment that no test inherits."""

import os

import pytest

from tests.unit.service.environments import WHOLE


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A whole and valid environment, and nothing else."""
    for name in [
        name for name in os.environ if name.startswith("OTP_") or name in ("FLOWER_HOST", "FLOWER_PORT")
    ]:
        monkeypatch.delenv(name)
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch
