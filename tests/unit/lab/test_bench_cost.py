"""What a case cost is read rightly from logs and histories."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.bench import case_cost
from lab.bench.results import BlobOperations
from lab.bench.table import cost_table
from lab.errors import LabError
from tests.unit.lab.cost_file import measured

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(seconds: float, kind: str, number: int = -1, **fields: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat()
    return {"eventId": number, "timestamp": at, kind: fields}


HISTORY = {
    "history": [
        event(0, "orchestratorStarted"),
        event(0, "executionStarted", name="respond"),
        event(0, "taskScheduled", 1),
        event(0, "timerCreated", 2),
        event(4, "orchestratorStarted"),
        event(4, "taskCompleted", taskScheduledId=1, result="x" * (45 * 1024 + 1)),
        event(4, "entityOperationCalled", 3),
        event(5, "orchestratorStarted"),
        event(5, "entityOperationCompleted"),
        event(5, "executionCompleted"),
    ]
}


def test_every_message_is_put_got_and_deleted_and_every_turn_reads_and_writes() -> None:
    found = case_cost.hub_storage([HISTORY])
    # A start, an activity and its result, a timer, a call of an entity and its answer.
    assert found.queue == 3 * 6
    # Three turns of the orchestrator, one of the entity.
    assert found.table == 3 * 4
    assert found.blob == 2


def test_a_timer_is_an_action_only_when_it_fires() -> None:
    assert case_cost.scheduler_actions([HISTORY]) == 5
    fired = {"history": [*HISTORY["history"], event(6, "timerFired")]}
    assert case_cost.scheduler_actions([fired]) == 6


def test_three_activities_are_seven_actions_as_microsofts_example_says() -> None:
    kinds = ["executionStarted", *["taskScheduled", "taskCompleted"] * 3]
    assert case_cost.scheduler_actions([{"history": [event(0, kind) for kind in kinds]}]) == 7


def test_what_runs_at_the_same_time_counts_once_and_a_second_at_least() -> None:
    def after(*seconds: float) -> list[datetime]:
        return [START + timedelta(seconds=one) for one in seconds]

    assert case_cost.busy_seconds(after(0, 0.5, 10), []) == 2.5
    assert case_cost.busy_seconds(after(0, 3.5, 10), [HISTORY]) == 5.5


WORKER = """\
2026-11-22 12:24:36,954 INFO lab.functions_host.worker: Executing get_report (8ddda305)
2026-11-22 12:24:36,955 INFO azure.functions: Function name: get_report, Function Type: async
2026-11-22 12:24:36,964 INFO lab.functions_host.worker: Executed get_report (8ddda305, Duration=9ms)
2026-11-22 12:24:36,965 INFO tourniquet.measurements: {"name": "x", "unit": "s", "value": 0.01}
"""


def test_a_workers_log_says_what_ran_when_and_how_long() -> None:
    [(at, name, lasted)] = case_cost.executions(WORKER, {"get_report"})
    assert (name, lasted) == ("get_report", timedelta(milliseconds=9))
    assert time.localtime(at.timestamp())[3:6] == (12, 24, 36)
    assert case_cost.measurements(WORKER) == 1


def test_an_execution_of_unknown_length_is_an_error() -> None:
    unfinished = "".join(line for line in WORKER.splitlines(True) if "Executed" not in line)
    assert case_cost.executions(unfinished, {"respond"}) == []
    with pytest.raises(LabError, match="how long get_report"):
        case_cost.executions(unfinished, {"get_report"})


def test_at_most_is_each_executions_time_and_a_second_at_least() -> None:
    lasted = [timedelta(milliseconds=one) for one in (9, 1000, 2500)]
    assert case_cost.apart_seconds(lasted) == 1 + 1 + 2.5


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("PUT /devstoreaccount1/cases/case-1/record.json", {"write": 1}),
        ("PUT /devstoreaccount1/cases/a.csv?comp=blocklist", {"write": 1}),
        ("PUT /devstoreaccount1/cases/a?comp=immutabilityPolicies", {"other": 1}),
        ("GET /devstoreaccount1/cases/case-1/record.json", {"read": 1}),
        ("HEAD /devstoreaccount1/cases/case-1/record.json", {"other": 1}),
        ("DELETE /devstoreaccount1/cases/open/1.json", {"delete": 1}),
        ("GET /devstoreaccount1/cases?restype=container&comp=list&prefix=a", {"list": 1}),
        ("PUT /devstoreaccount1/cases?restype=container", None),
    ],
)
def test_each_request_of_blob_storage_has_its_price(
    request_line: str, expected: dict[str, int] | None
) -> None:
    line = f'127.0.0.1 - - [22/Nov/2026:12:24:36 +0000] "{request_line} HTTP/1.1" 201 -\n'
    wanted = {"cases": BlobOperations(**expected)} if expected else {}
    assert case_cost.blob_operations(line) == wanted


def test_the_table_says_all_of_it() -> None:
    cost = measured()
    table = cost_table(cost)
    assert table.row_count == 5 + len(cost.gb_seconds) + len(cost.blob_operations)
