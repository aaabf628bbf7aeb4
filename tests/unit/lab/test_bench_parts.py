"""What the bench reads of an import profile, and of logs of different sizes."""

import json

from lab.bench.cold_start import EMPTY_APP, EMPTY_ORCHESTRATOR
from lab.bench.imports import read_profile
from lab.bench.one_account import answer_to_query, one_account
from lab.bench.rows import measure_sign_ins
from shared.models.base import parse_utc
from shared.providers.sentinel.query_answer import read_answer
from shared.providers.sentinel.sign_in_log import MOST_ROWS


def test_imports_are_counted_by_package() -> None:
    lines = [
        "import time: self [us] | cumulative | imported package",
        "import time:      1500 |       1500 |   azure.core.rest",
        "import time:       500 |       2000 | azure.core",
        "a warning",
        "import time:       250 |        250 | pydantic.main",
    ]
    found = read_profile("\n".join(lines))
    assert (found.total_ms, found.modules) == (2.2, 3)
    assert found.packages_ms == {"azure.core": 2.0, "pydantic": 0.2}


def test_no_more_sign_ins_are_read_than_are_asked_for() -> None:
    found = measure_sign_ins((10, MOST_ROWS + 1))
    assert {size: one.read for size, one in found.items()} == {"10": 10, "10001": MOST_ROWS}
    assert all(one.cpu_s > 0 and one.runs == 5 for one in found.values())


def test_a_log_is_one_accounts_and_its_newest_rows_are_answered() -> None:
    log = one_account(MOST_ROWS + 7)
    assert len({row["UserId"] for row in log}) == 1
    rows = read_answer(json.loads(answer_to_query(log))).rows
    answered = [parse_utc(row["TimeGenerated"]) for row in rows]
    assert answered[0] == parse_utc(log[-1]["TimeGenerated"])
    assert answered[-1] == parse_utc(log[7]["TimeGenerated"])


def test_the_empty_app_has_the_orchestrator_that_a_cold_start_runs() -> None:
    assert f"def {EMPTY_ORCHESTRATOR}(" in (EMPTY_APP / "function_app.py").read_text("utf-8")
