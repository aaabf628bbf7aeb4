"""The collector of a chaos run: what the app exports can be searched for its secrets."""

import asyncio

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from lab.chaos.collector import SIGNALS, Collector
from lab.planted_secrets import search

SECRET = "planted-token-0123456789"


def export(url: str) -> None:
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
    with traces.get_tracer("test").start_as_current_span("call") as span:
        span.set_attribute("http.header", f"token {SECRET}")
    traces.shutdown()
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"))
    meters = MeterProvider([reader])
    meters.get_meter("test").create_counter("calls").add(1, {"vendor": SECRET})
    meters.shutdown()


async def test_what_is_exported_is_kept_and_a_secret_in_it_is_found() -> None:
    async with Collector() as collector:
        assert not any(collector.kept.values())
        await asyncio.to_thread(export, collector.url)
    wanted = {"a token": (SECRET.encode(),)}
    for signal in SIGNALS:
        [leak] = search(bytes(collector.kept[signal]), f"exported {signal}", wanted)
        assert str(leak) == f"a token in exported {signal}"
