"""What is said of a failed installation."""

import pytest

from otp_worker.devtools.setup.reason import reason

NO_NETWORK = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor ...
ERROR: Could not find a version that satisfies the requirement alembic==1.20.1 (from versions: none)
ERROR: No matching distribution found for alembic==1.20.1
"""
WRONG_HASH = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the ...
    alembic==1.20.1 from file:///wheels/alembic.whl:
        Expected sha256 83490def
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (NO_NETWORK, "the package index cannot be reached from here"),
        (WRONG_HASH, "a package is not the one that the lock names, so it was not installed"),
        ("ERROR: Could not install: [Errno 28] No space left on device\n", "the disk is full"),
        (
            "ERROR: Could not find a version\nERROR: No matching distribution found for granian==2.8.7\n",
            "there is no granian==2.8.7 for this machine and this Python",
        ),
        ("Collecting celery\nERROR: Something new.\nTraceback\n", "Something new"),
        ("one\n\nKilled\n\n", "Killed"),
        ("", "it said nothing"),
    ],
)
def test_it_is_one_plain_sentence(log: str, said: str) -> None:
    assert reason(log) == said
