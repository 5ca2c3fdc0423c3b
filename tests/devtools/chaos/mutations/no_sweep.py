"""Nothing that lost its place in the queue is ever published again."""

from datetime import datetime

from otp_worker.expire import Expirer
from tests.devtools.chaos.mutations.program import run_program


def enqueue_due(_: Expirer, _now: datetime) -> int:
    return 0


Expirer.enqueue_due = enqueue_due  # type: ignore[method-assign, assignment]

if __name__ == "__main__":
    run_program()
