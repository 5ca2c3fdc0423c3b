"""Writing down what must not be forgotten while the database comes and goes."""

from collections.abc import Callable
from itertools import chain, repeat
from typing import TypeVar

import structlog
from sqlalchemy import exc

log = structlog.get_logger()

DATABASE_AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)
"""What a statement fails with for no fault of its own: a restart, a deadlock, a full pool."""
PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0)

Written = TypeVar("Written")


def persist(
    write: Callable[[], Written], seconds_left: Callable[[], float], pause: Callable[[float], None]
) -> Written:
    """The answer of ``write``, tried anew while the database is away and ``seconds_left`` are left.

    ``write`` must do no harm when it is repeated: a commit whose answer is lost has happened.
    """
    pauses = chain(PAUSES_SECONDS, repeat(PAUSES_SECONDS[-1]))
    while True:
        try:
            return write()
        except DATABASE_AWAY as error:
            seconds = next(pauses)
            if seconds_left() <= seconds:
                raise
            log.warning("not_written_yet", error=type(error).__name__)
        pause(seconds)
