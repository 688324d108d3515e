"""Spans as OpenTelemetry's SDK sends them; loaded by `config.tracing` where wanted."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime

from django.utils.crypto import salted_hmac
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from config.tracing import Span

_TRACE_BYTES, _SPAN_BYTES = 16, 8
#: The ids of the root that is being begun; others are drawn.
_given: ContextVar[tuple[int, int] | None] = ContextVar("given", default=None)


class OtelSpans:
    """Hands spans to a processor of the SDK."""

    def __init__(self, processor: SpanProcessor) -> None:
        # The SDK reads its own variables: OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME ...
        provider = TracerProvider(
            resource=Resource.create({"service.name": "bellwether"}),
            id_generator=_Ids(),
        )
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("bellwether")

    def record(self, span: Span) -> None:
        """Write a span with the times that it had."""
        ids = ids_of(span.batch_id)
        token = _given.set(ids if span.is_root else None)
        try:
            written = self._tracer.start_span(
                span.name,
                context=Context() if span.is_root else _under(*ids),
                start_time=_nanoseconds(span.began),
                attributes={"bellwether.batch": span.batch_id, **span.attributes},
            )
        finally:
            _given.reset(token)
        end = _nanoseconds(span.began + span.took)
        for name, said in span.events:
            written.add_event(name, dict(said), timestamp=end)
        if span.error:
            written.set_status(Status(StatusCode.ERROR, span.error))
        written.end(end)


class _Ids(RandomIdGenerator):
    """Gives a root the ids that follow from its batch."""

    def generate_trace_id(self) -> int:
        given = _given.get()
        return given[0] if given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given = _given.get()
        return given[1] if given else super().generate_span_id()


def to_collector() -> OtelSpans:
    """Return spans on their way to the collector that OTEL_EXPORTER_OTLP_* name."""
    return OtelSpans(BatchSpanProcessor(OTLPSpanExporter()))


def ids_of(batch_id: int) -> tuple[int, int]:
    """Derive the ids of a batch's trace and of its root.

    By the installation's secret: installations that share a collector count their
    batches alike.
    """
    digest = salted_hmac("bellwether.trace", str(batch_id), algorithm="sha256").digest()
    trace, root = digest[:_TRACE_BYTES], digest[_TRACE_BYTES:][:_SPAN_BYTES]
    return int.from_bytes(trace), int.from_bytes(root)


def _under(trace_id: int, root_id: int) -> Context:
    """Return the context of what happens below a root that another process wrote."""
    root = SpanContext(
        trace_id, root_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(root), Context())


def _nanoseconds(at: datetime) -> int:
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + at.microsecond * 1_000
