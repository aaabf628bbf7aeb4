"""A chaos run reads in the workers' logs which claims got no answer: the product's own words."""

import asyncio
import inspect
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.tries import begin_try
from lab.chaos.claims import Unclaimed, apart, unclaimed
from lab.functions_host import worker
from shared.errors import RetryableError
from shared.models.case import CaseRequest
from shared.models.plan import ActionName
from shared.providers.retry import CallPolicy, call_with_retries
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE
from tests.unit.triggers.calls import FakeClient
from triggers.joining import find_place

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
PAYLOAD = {"case_id": "case-1", "attempt": "contain-1"}


async def no_answer() -> RetryableError:
    """What a call to storage ends with that takes too long."""
    policy = CallPolicy(attempt_timeout=0.01, budget=0.02, attempts=1)
    with pytest.raises(RetryableError) as caught:
        await call_with_retries(
            lambda: asyncio.sleep(60), policy, vendor="blob", operation="claim.get"
        )
    return caught.value


@pytest.mark.parametrize(("late", "found"), [(True, 1), (False, 0)])
async def test_only_a_claim_that_got_no_answer_counts(
    house: FakeHouse, caplog: pytest.LogCaptureFixture, tmp_path: Path, late: bool, found: int
) -> None:
    refused = RetryableError("HTTP 503", vendor="blob", operation="claim.get", status=503)
    house.cases.failing["claim"] = await no_answer() if late else refused
    await begin_try(ActionName.REVOKE_SESSIONS, PAYLOAD, house.directory.state)
    [said] = [one for one in caplog.records if "is not claimed" in one.getMessage()]
    log = tmp_path / "worker-0.log"
    log.write_text("started\n" + logging.Formatter(FORMAT).format(said) + "\nTraceback\n")
    assert FORMAT in inspect.getsource(worker)
    seen = unclaimed([log], ["case-1"])
    moment = datetime.fromtimestamp(int(said.created * 1000) / 1000, UTC)
    assert seen == [Unclaimed("case-1", "RevokeSessions", moment)] * found
    assert unclaimed([log], ["case-2"]) == []


async def test_a_case_that_was_not_looked_up_is_known(
    house: FakeHouse, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    house.open_cases.failing["claim"] = RetryableError("no answer", vendor="blob")
    case = CaseRequest.model_validate(CASE)
    assert (await find_place(FakeClient(), case)).joined is None  # type: ignore[arg-type]
    [said] = [one for one in caplog.records if "not looked up" in one.getMessage()]
    log = tmp_path / "worker-0.log"
    log.write_text(logging.Formatter(FORMAT).format(said) + "\n")
    assert apart([log], [case.case_id]) == {case.case_id}
    assert apart([log], ["case-2"]) == frozenset()
