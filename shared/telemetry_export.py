"""Metrics and traces to an OpenTelemetry collector, where one is named."""

import atexit
import os

from shared.telemetry import SCOPE


def configure_export() -> bool:
    """Send metrics and traces to a collector where one is named; return whether they are sent.

    ``OTEL_EXPORTER_OTLP_ENDPOINT`` and the other variables are OpenTelemetry's own. Nothing of the
    exporter is loaded without it: that would make every cold start slower. What has not been sent
    is sent when the process ends.

    Only our own spans are sent: the Graph SDK makes some of its own, about requests.
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return False
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class Ours(BatchSpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            if span.instrumentation_scope and span.instrumentation_scope.name == SCOPE:
                super().on_end(span)

    resource = Resource.create({SERVICE_NAME: "tourniquet"})
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(Ours(OTLPSpanExporter()))
    metrics.set_meter_provider(meters)
    trace.set_tracer_provider(traces)
    atexit.register(meters.shutdown)
    atexit.register(traces.shutdown)
    return True
