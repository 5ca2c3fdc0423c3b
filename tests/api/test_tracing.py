"""One trace from a request to its receipt, across the queue, with nothing in it that is anybody's secret."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app import create_app
from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.tracing import NO_TRACING
from otp_worker.service.settings import Settings
from otp_worker.service.telemetry import OpenTelemetry
from otp_worker.service.wiring import open_tracer
from otp_worker.store.schema import verifications
from tests.api.client import Caller
from tests.api.gateway import CallingGateway
from tests.api.service import Service
from tests.contract.service import NUMBER

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""The trace of an app that calls, as W3C's recommendation has it."""


@pytest.fixture
def spans(service: Service) -> InMemorySpanExporter:
    """What is told of a service that is traced."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = OpenTelemetry(provider)
    service.deliverer = replace(service.deliverer, tracer=tracer)
    drafts = replace(service.issuer.drafts, trace_context=tracer.context)
    service.issuer = replace(service.issuer, drafts=drafts)
    service.tracer = tracer
    return exporter


@pytest.fixture
def web(service: Service, spans: InMemorySpanExporter) -> Any:
    """The intake of that service."""
    return create_app(service.intake())


def told(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def parent_of(span: ReadableSpan) -> int:
    assert span.parent is not None
    return int(span.parent.span_id)


def test_request_delivery_and_receipt_are_one_trace(
    web: Any, service: Service, spans: InMemorySpanExporter
) -> None:
    shop = Caller(web, service.key("shop"))
    answer = shop.simulate_post("/v1/verifications", json={"to": NUMBER}, headers={"traceparent": CALLER})
    service.deliver_queued()
    gateway = CallingGateway(Caller(web), service)
    gateway.tell(gateway.path_of(answer.json["id"]), {"status": "delivered"})
    found = told(spans)
    request, delivery = found["POST /v1/verifications"], found["otp.deliver"]
    hand_over, receipt = found["otp.hand_over"], found["otp.receipt"]
    assert request.context is not None
    assert delivery.context is not None
    assert {trace_of(span) for span in (request, delivery, hand_over, receipt)} == {int(CALLER[3:35], 16)}
    assert parent_of(request) == int(CALLER[36:52], 16)
    assert parent_of(delivery) == parent_of(receipt) == request.context.span_id
    assert parent_of(hand_over) == delivery.context.span_id
    assert dict(hand_over.attributes or {}) == {
        "otp.gateway": "obedient",
        "otp.sim": "obedient",
        "otp.outcome": "accepted",
    }
    assert (receipt.attributes or {})["otp.kind"] == "delivered"


def test_no_code_no_number_and_no_token_is_in_a_trace(
    web: Any, service: Service, spans: InMemorySpanExporter
) -> None:
    shop = Caller(web, service.key("shop"))
    name = shop.sent()
    service.deliver_queued()
    gateway = CallingGateway(Caller(web), service)
    path = gateway.path_of(name)
    gateway.tell(path, {"status": "delivered"})
    shop.check(name, service.gateway.codes[0])
    shop.simulate_get(f"/v1/verifications/{NUMBER}")
    everything = "".join(span.to_json() for span in spans.get_finished_spans())
    assert name in everything
    for secret in (NUMBER, NUMBER[1:], service.gateway.codes[0], path.rpartition("/")[2], str(shop.key)):
        assert secret not in everything


def test_an_error_is_told_by_its_kind_alone(spans: InMemorySpanExporter, service: Service) -> None:
    with pytest.raises(ValueError, match="the code"), service.tracer.span("otp.deliver"):
        raise ValueError(f"the code 123456 of {NUMBER}")
    (span,) = spans.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "123456" not in span.to_json()


@pytest.mark.parametrize("header", ["", "no trace", CALLER + "0" * 400, CALLER.upper()])
def test_a_header_that_is_no_trace_begins_a_new_one(
    web: Any, service: Service, spans: InMemorySpanExporter, header: str
) -> None:
    shop = Caller(web, service.key("shop"))
    answer = shop.simulate_post("/v1/verifications", json={"to": NUMBER}, headers={"traceparent": header})
    assert answer.status_code == 202
    request = told(spans)["POST /v1/verifications"]
    assert request.parent is None
    with service.db.read() as connection:
        (kept,) = connection.execute(verifications.select()).all()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", kept.trace_context)


def test_probes_and_scrapes_are_not_traced(web: Any, spans: InMemorySpanExporter) -> None:
    stranger = Caller(web)
    for path in ("/healthz", "/readyz", "/metrics"):
        stranger.simulate_get(path)
    assert spans.get_finished_spans() == ()


def test_what_was_accepted_untraced_has_no_trace(shop: Caller, service: Service) -> None:
    shop.sent()
    service.deliver_queued()
    with service.db.read() as connection:
        (kept,) = connection.execute(verifications.select()).all()
    assert kept.trace_context is None


def test_nothing_of_it_is_imported_where_it_is_off() -> None:
    assert open_tracer(Settings()) is NO_TRACING
    # redis-py asks by itself whether there is a part of it that it could use.
    code = (
        "import sys, api.app, otp_worker.service.wiring\n"
        "ours = ('otp_worker.service.telemetry', 'opentelemetry.exporter')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"[]\n"


def test_without_its_packages_the_start_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "otp_worker.service.telemetry", None)
    with pytest.raises(ConfigurationError, match=r"OTP_TRACING: .*otp-worker\[otel\]"):
        open_tracer(Settings(tracing=True))
