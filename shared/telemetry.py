"""What the app writes to its log, and what it does not; how it measures itself.

Each measurement is recorded by an OpenTelemetry instrument and logged as one line of JSON. The
Functions host hands log lines on to Application Insights, which the workbook and the alert rules
ask; the instruments cost nothing until a collector is named (docs/decisions/0016).
"""

import json
import logging
from functools import cache

from opentelemetry import metrics
from opentelemetry.metrics import Counter, Histogram

from shared.models.base import Json
from shared.models.measurement import INSTRUMENTS, Measurement, Metric, closed

SCOPE = "tourniquet"
_measurements = logging.getLogger("tourniquet.measurements")

_CHATTY = ("azure", "httpx", "msal", "urllib3", "aiosmtplib", "opentelemetry")
"""Vendors' libraries log every request with its address and headers at INFO: that is personal data,
and by far most of what Application Insights would charge for."""


def configure_logging() -> None:
    """Let vendors' libraries log warnings only; our loggers stay as the host sets them."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("azure.functions").setLevel(logging.INFO)


@cache
def _counter(name: Metric) -> Counter:
    made = INSTRUMENTS[name]
    return metrics.get_meter(SCOPE).create_counter(name, made.unit, made.description)


@cache
def _histogram(name: Metric) -> Histogram:
    made = INSTRUMENTS[name]
    return metrics.get_meter(SCOPE).create_histogram(name, made.unit, made.description)


def measure(one: Measurement) -> None:
    """Record a measurement, without what is not listed; log it on ``tourniquet.measurements``.

    The line is ``{"name", "value", "unit"}`` and the dimensions.
    """
    unit, attributes = INSTRUMENTS[one.name].unit, closed(one)
    if unit == "s":
        _histogram(one.name).record(one.value, attributes)
    else:
        _counter(one.name).add(one.value, attributes)
    line: Json = {"name": str(one.name), "value": one.value, "unit": unit, **attributes}
    _measurements.info("%s", json.dumps(line, sort_keys=True))
