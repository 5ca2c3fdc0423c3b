"""Traces: what each step opens a span with, and what does nothing where no trace is wanted.

A span tells ids, names and words of ours: never a code, never a number, never what an error says.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | None


class Span(Protocol):
    """One part of a trace, which lasts as long as its block."""

    def note(self, **attributes: Value) -> None:
        """Add what is known of it; what is None is left out."""


class Tracer(Protocol):
    """Opens spans."""

    @property
    def is_on(self) -> bool:
        """Whether anybody wants them."""

    def span(self, name: str, parent: str | None = None) -> AbstractContextManager[Span]:
        """A span within ``parent``, as W3C Trace Context writes it; else within the present one, if any."""

    def context(self) -> str | None:
        """The present span, as W3C Trace Context writes it: what a later one gives as its parent."""


class _NoSpan:
    def note(self, **_attributes: Value) -> None:
        pass


class NoTracing:
    """Opens none."""

    is_on = False

    def span(self, _name: str, _parent: str | None = None) -> AbstractContextManager[Span]:
        """Nothing to tell."""
        return nullcontext(_NO_SPAN)

    def context(self) -> str | None:
        """No trace."""
        return None


_NO_SPAN = _NoSpan()
NO_TRACING = NoTracing()
