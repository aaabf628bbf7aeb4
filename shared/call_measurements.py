"""What is measured of a call to a vendor: a span, and how long it took with its retries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from shared.dependency_states import memory
from shared.errors import (
    Conflict,
    NotConfigured,
    NotFound,
    NotSupported,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
)
from shared.models.measurement import Attributes, Measurement, Metric, Outcome, closed
from shared.telemetry import SCOPE, measure

_OUTCOMES: tuple[tuple[type[Exception], Outcome], ...] = (
    (Throttled, Outcome.THROTTLED),
    (RetryableError, Outcome.RETRYABLE),
    (PermissionDenied, Outcome.PERMISSION_DENIED),
    (NotFound, Outcome.NOT_FOUND),
    (NotSupported, Outcome.NOT_SUPPORTED),
    (NotConfigured, Outcome.NOT_CONFIGURED),
    (Conflict, Outcome.CONFLICT),
    (PermanentError, Outcome.PERMANENT),
)


@contextmanager
def measured_call(vendor: str, repeat: str) -> Iterator[None]:
    """Measure what is done within as one call; ``repeat`` says what may be tried again.

    The vendor's own word for it and the error's text stay out: both may name somebody.
    """
    started = time.monotonic()
    outcome = Outcome.UNEXPECTED
    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(
        "provider call", kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
            outcome = Outcome.OK
            memory.note(vendor, outcome)
        except Exception as error:
            outcome = outcome_of(error)
            memory.note(vendor, outcome)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            about: Attributes = {"vendor": vendor, "outcome": outcome, "repeat": repeat}
            one = Measurement(Metric.PROVIDER_DURATION, time.monotonic() - started, about)
            span.set_attributes(closed(one))
            measure(one)


def outcome_of(error: Exception) -> Outcome:
    """Return the kind of an error, by its type."""
    return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), Outcome.UNEXPECTED)
