"""Traces by OpenTelemetry. Imported only where they are wanted: its packages are an extra of their own.

Where spans go, and how many of them, the variables of OpenTelemetry say (OTEL_EXPORTER_OTLP_ENDPOINT,
OTEL_TRACES_SAMPLER and others).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otp_worker.domain.tracing import Value

_PARENT = "traceparent"
_PREFIX = "otp."


class _NotedSpan:
    def __init__(self, span: Span) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(_PREFIX + name, value)


class OpenTelemetry:
    """Opens spans of one provider, which says what becomes of them."""

    is_on = True

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("otp-worker")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, parent: str | None = None) -> Iterator[_NotedSpan]:
        """A span; of an error that ends it the kind is told, and not what it says."""
        context = self._propagator.extract({_PARENT: parent}) if parent is not None else None
        with self._tracer.start_as_current_span(
            name, context=context, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _NotedSpan(span)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def context(self) -> str | None:
        """The present span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(_PARENT)


def open_telemetry() -> OpenTelemetry:
    """A tracer that sends its spans by OTLP over HTTP, in batches and beside the work."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "otp-worker"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenTelemetry(provider)
