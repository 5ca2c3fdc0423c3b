"""A process that asks for codes without a pause, and says of each what came of it: ``python -m`` with a URL.

It ends when its standard input does.
"""

import sys
import threading
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain import request_deadline
from otp_worker.domain.errors import OtpError
from otp_worker.store.database import Database
from otp_worker.store.database_url import parse_database_url
from tests.contract.service import Service

PAUSE_SECONDS = 0.05


def main(url: str, operator: int) -> None:
    """Send until nobody listens any more."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ends = threading.Event()
    threading.Thread(target=wait_for_the_end, args=(ends,), daemon=True).start()
    service = Service(Database(parse_database_url(url), pool_size=2))
    number = 0
    while not ends.wait(PAUSE_SECONDS):
        number += 1
        service.clock.now = datetime.now(UTC)
        try:
            with request_deadline.of_a_request():
                verification = service.issue(f"+447{operator}{number:06d}")
        except (SQLAlchemyError, OtpError) as error:
            print("refused", type(error).__name__, flush=True)
        else:
            print("accepted", verification.id, flush=True)


def wait_for_the_end(ends: threading.Event) -> None:
    """Set it once nobody listens any more."""
    sys.stdin.read()
    ends.set()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
