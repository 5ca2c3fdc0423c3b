"""A receipt in the trace of its request, whether it was told or asked for."""

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.tracing import Tracer
from otp_worker.store import trace_contexts
from otp_worker.store.database import Database


def trace_receipt(tracer: Tracer, db: Database, delivery_id: str | None, kind: ReceiptKind) -> None:
    """Tell of a receipt in the trace in which its SMS was asked for."""
    if not tracer.is_on or delivery_id is None:
        return
    traced = trace_contexts.of_delivery(db, delivery_id)
    if traced is not None:
        with tracer.span("otp.receipt", traced.trace_context) as span:
            span.note(verification=traced.verification_id, delivery=delivery_id, kind=kind)
