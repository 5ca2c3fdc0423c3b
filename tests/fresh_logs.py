"""Logs as a process finds them before it sets them up, for one test after another."""

import logging
import sys

import structlog
from structlog._config import BoundLoggerLazyProxy
from structlog.stdlib import ProcessorFormatter


def forget_logs() -> None:
    """Undo what ``configure_logs`` did in this process, and what loggers remember of it.

    A logger keeps for good what it was first used with: the next test could not listen to it.
    """
    structlog.reset_defaults()
    for module in list(sys.modules.values()):
        logger = vars(module).get("log")
        if isinstance(logger, BoundLoggerLazyProxy):
            vars(logger).pop("bind", None)
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not isinstance(each.formatter, ProcessorFormatter)]
    root.setLevel(logging.WARNING)
