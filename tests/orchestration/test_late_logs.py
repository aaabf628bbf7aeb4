"""A late sign-in log is asked again by timers, while everything else goes on."""

from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from tests.support.durable_backend import Run, Script
from tests.support.scripts import ADDRESS, SOON, case_payload

type NewCase = Callable[..., Run]


def _late(asked_until: int, *, fails: bool = False) -> Script:
    """Answer that the success is awaited until asked so often."""
    numbers = count(1)

    def script(_payload: Json) -> Any:
        number = next(numbers)
        if fails and number > 1:
            raise RuntimeError("down")
        details = {"suspicious_address": ADDRESS, "awaited": number < asked_until, "asked": number}
        return make_block(
            BlockName.SIGN_INS, BlockStatus.COMPLETE, inputs={}, details=details
        ).to_json()

    return script


def _timing(budget: float) -> Json:
    return SOON | {"late_log_budget_seconds": budget}


def _asked(run: Run) -> list[float]:
    run.wait()
    return [payload.get("waited_seconds", 0) for payload in run.called("analyse_sign_ins")]


def _decided_on(run: Run) -> Json:
    blocks: Json = run.called("decide_response")[0]["blocks"]
    details: Json = blocks[BlockName.SIGN_INS]["details"]
    return details


def test_the_log_is_asked_again_until_it_shows_the_success(case: NewCase) -> None:
    run = case(analyse_sign_ins=_late(3))
    run.start("respond", case_payload(timing=_timing(180)))
    assert _asked(run) == [0, 10, 30]
    assert _decided_on(run)["asked"] == 3


def test_asking_ends_with_the_budget(case: NewCase) -> None:
    run = case(analyse_sign_ins=_late(100))
    run.start("respond", case_payload(timing=_timing(45)))
    assert _asked(run) == [0, 10, 30, 45]
    assert _decided_on(run)["awaited"] is True


def test_without_a_budget_it_is_asked_once(case: NewCase) -> None:
    run = case(analyse_sign_ins=_late(100))
    run.start("respond", case_payload(timing=_timing(0)))
    assert _asked(run) == [0]


def test_an_answer_is_kept_when_asking_again_fails(case: NewCase) -> None:
    run = case(analyse_sign_ins=_late(100, fails=True))
    run.start("respond", case_payload(timing=_timing(10)))
    run.wait()
    assert _decided_on(run)["asked"] == 1


def test_the_other_reads_do_not_wait_for_it(case: NewCase) -> None:
    run = case(analyse_sign_ins=_late(2))
    run.start("respond", case_payload(timing=_timing(180)))
    run.wait()
    names = [name for name, _payload in run.calls]
    second = [index for index, name in enumerate(names) if name == "analyse_sign_ins"][1]
    for name in ("enrich_user", "analyse_activity", "get_case_context", "check_address"):
        assert names.index(name) < second
