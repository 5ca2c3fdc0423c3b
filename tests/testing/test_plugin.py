"""The plugin costs nobody anything who does not ask for it."""

import subprocess
import sys
from importlib.metadata import entry_points

HEAVY = ("otp_worker.devtools", "otp_worker.client", "otp_worker.service", "celery", "sqlalchemy")


def test_no_entry_point_of_ours_is_loaded_into_other_peoples_suites() -> None:
    plugins = [point for point in entry_points(group="pytest11") if point.value.startswith("otp_worker")]
    assert plugins == []


def test_naming_it_loads_nothing_of_the_service() -> None:
    look = (
        f"import sys, otp_worker.testing; print([name for name in sys.modules if name.startswith({HEAVY})])"
    )
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert loaded == "[]\n"
