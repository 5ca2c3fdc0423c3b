"""Logs: structured lines on stderr, JSON in production."""

import json
import logging
import re
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, NoReturn, TextIO

import structlog

# Ids hold letters, and instants hold dashes: what is left of eight digits and more is a phone number. With a
# plus it is one wherever it stands, in groups as well, and as URLs spell it.
_NUMBER = re.compile(
    r"(?:\+|%2B)\(?\d(?:[ ().\-/\u00a0]{0,2}\d){5,12}[ ().\-/\u00a0]{0,2}(?P<plus>\d{2})(?!\d)"
    r"|(?<![\w.:-])\d{6,13}(?P<bare>\d{2})(?![\w:-])",
    re.IGNORECASE,
)
_PLAIN_TYPES = (bool, float, type(None))


def redact(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Star out all but the last two digits of whatever looks like a phone number, in any value."""
    return {name: value if name == "timestamp" else _starred(value) for name, value in line.items()}


def _starred(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub(lambda match: f"***{match['plus'] or match['bare']}", value)
    if isinstance(value, dict):
        return {_starred(name): _starred(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_starred(each) for each in value]
    if isinstance(value, _PLAIN_TYPES):
        return value
    # A number among the digits of an integer, or in what an object says of itself.
    starred = _starred(str(value))
    return value if isinstance(value, int) and starred == str(value) else starred


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _Writer:
    """The last step of our own lines, at half the cost of a record that goes through ``logging``."""

    def __init__(self, rendering: Sequence[structlog.typing.Processor], stream: TextIO) -> None:
        self._rendering = rendering
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, logger: Any, method: str, line: Any) -> NoReturn:
        """Write the line, whole; nobody is left to be told of it. What cannot be logged stops nothing."""
        with suppress(Exception):
            for render in self._rendering:
                line = render(logger, method, line)
            with self._lock:
                self._stream.write(f"{line}\n")
                self._stream.flush()
        raise structlog.DropEvent


def _json(_logger: Any, _method: str, line: structlog.typing.EventDict) -> str:
    return _ENCODER.encode(line)


# Made once: json.dumps makes one for each call that is not of the plainest kind.
_ENCODER = json.JSONEncoder(default=repr)


def configure_logs(log_format: Literal["json", "console"], least: int = logging.INFO) -> None:
    """Send every log line of this process, ours and the libraries', to stderr in one format.

    Of our own lines those that matter less than the level ``least`` are left out, and of the libraries' too.
    """
    renderer: structlog.typing.Processor = (
        _json if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    rendering: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, redact, renderer]
    structlog.configure(
        processors=[*_SHARED, _Writer(rendering, sys.stderr)],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    # Celery says of every task that it came and went; our own lines say what came of it.
    for name in ("alembic", "celery.beat", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
