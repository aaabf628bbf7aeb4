"""What the page says beside the form that gives an account back."""

import pytest

from activities.analysis import analyse_activity
from shared.errors import RetryableError
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.query import QueryResult
from shared.pages.recovery import recovery
from tests.support.fakes import FakeHouse
from tests.support.kept_cases import kept_case
from tests.unit.activities.calls import CASE, block

WAYS_BACK = (
    "Mailbox rules and forwarding",
    "Consents to applications",
    "Sign-in methods",
    "Roles",
)
LOGS = ("OfficeActivity", "AuditLogs")
DOWN = RetryableError("timed out", vendor="log_analytics", operation="query")


async def said_of_ways_back(house: FakeHouse) -> set[tuple[str, str]]:
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    record = kept_case("manual")
    record["blocks"][BlockName.ACTIVITY] = found
    checks = recovery(CaseRecord.model_validate(record))
    about = [one for one in checks if one.label in WAYS_BACK]
    assert len(about) == len(WAYS_BACK)
    return {(one.tone, one.text) for one in about}


@pytest.mark.parametrize("answer", [QueryResult(partial=True, detail="the answer was cut"), DOWN])
async def test_a_search_that_was_cut_or_failed_is_not_called_clean(
    house: FakeHouse, answer: QueryResult | RetryableError
) -> None:
    house.siem.answers = dict.fromkeys(LOGS, answer)
    assert await said_of_ways_back(house) == {("warn", "NOT searched to the end: look by hand")}


async def test_a_whole_search_that_found_nothing_is_good(house: FakeHouse) -> None:
    assert await said_of_ways_back(house) == {("good", "searched, nothing found")}
