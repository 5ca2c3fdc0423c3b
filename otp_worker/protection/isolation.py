"""One of several: what goes wrong with one gateway, SIM, channel or sweep ends nothing for the others.

Every loop over such runs each of its turns in ``isolated``.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.store.database import concerns_all

log = structlog.get_logger()


@contextmanager
def isolated(what: str, **of: str) -> Iterator[None]:
    """Log an error and go on behind the block; ``of`` names whose turn it is.

    A database or a broker that is away is everybody's: that is raised.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, BrokerUnavailableError) or concerns_all(error):
            raise
        note_error("isolated_error", error, what=what, **of)


def note_error(event: str, error: Exception, **of: str) -> None:
    """Log an error that nobody foresaw."""
    # Its words may quote a number or a text: its type and place are enough to find it.
    raised = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(raised.filename).name}:{raised.lineno}"
    log.error(event, **of, error=type(error).__name__, place=place)
