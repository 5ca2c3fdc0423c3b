"""Nothing that lost its place in the queue is ever published again."""

from datetime import datetime

from otp_worker.expire import Expirer
from tests.devtools.chaos.mutations.program import run_program


def release(_: Expirer, _now: datetime) -> int:
    return 0


Expirer.release = release  # type: ignore[method-assign, assignment]

if __name__ == "__main__":
    run_program()
