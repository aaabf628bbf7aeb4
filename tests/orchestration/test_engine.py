"""The durable engine of these tests loses nothing, however long a case's history becomes."""

from collections.abc import Callable
from typing import Any

from orchestrators.names import Activity
from shared.errors import RetryableError
from tests.support.durable_backend import Run
from tests.support.scripts import SOON, case_payload

MESSAGE_LIMIT = 4 * 1024 * 1024
"""gRPC's default in bytes: work that is larger breaks the stream, and what was on it is lost."""


def test_a_long_history_costs_other_cases_nothing(case: Callable[..., Run]) -> None:
    def away(_payload: dict[str, Any]) -> Any:
        raise RetryableError("x" * (MESSAGE_LIMIT // 2), vendor="graph")

    long, others = case(**{str(Activity.ANALYSE_SIGN_INS): away}), [case() for _ in range(5)]
    for one in (long, *others):
        one.start("respond", case_payload(timing=SOON))
    for one in (*others, long):
        one.wait(seconds=120)
    assert sum(event.ByteSize() for event in long.history()) > MESSAGE_LIMIT
