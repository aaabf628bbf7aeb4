"""Earlier cases are closed for certain, or it is an error that says which is not."""

from typing import Any, cast

import pytest

from lab.client import LabCallError, LabClient
from lab.scenarios import earlier
from lab.scenarios.earlier import close_earlier_cases

CASE = "case-1"


class FakeLab:
    """One case: its status at each look, and what it refuses."""

    def __init__(self, *statuses: str, refusals: int = 0) -> None:
        self.statuses = list(statuses)
        self.refusals = refusals
        self.told: list[str] = []
        self.timeline: list[dict[str, str]] = []

    @property
    def client(self) -> LabClient:
        return cast(LabClient, self)

    async def list_cases(self) -> list[dict[str, Any]]:
        return [{"case_id": CASE, "status": self.statuses[0]}]

    async def get_case(self, _case_id: str) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"status": status, "timeline": self.timeline}

    def _take(self, what: str) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise LabCallError("409")
        self.told.append(what)

    async def close_case(self, _case_id: str, _comment: str) -> None:
        self._take("close")

    async def decide(self, _case_id: str, *, actions: list[str], comment: str) -> None:
        self._take(",".join(actions))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "PAUSE_SECONDS", 0.001)


async def test_a_case_is_closed_once() -> None:
    lab = FakeLab("contained", "contained", "contained", "closed")
    await close_earlier_cases(lab.client)
    assert lab.told == ["close"]


async def test_a_refused_close_is_not_taken_for_told() -> None:
    lab = FakeLab("contained", "contained", "contained", "closed", refusals=1)
    await close_earlier_cases(lab.client)
    assert lab.told == ["close"]


async def test_a_question_is_answered_first() -> None:
    lab = FakeLab("awaiting_decision", "awaiting_decision", "monitoring", "closed", refusals=1)
    await close_earlier_cases(lab.client)
    assert lab.told == ["NoAction", "close"]


async def test_a_case_that_goes_on_after_all_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "TELL_AGAIN_SECONDS", 0.0)
    lab = FakeLab("monitoring", "monitoring", "containing", "contained", "closed")
    await close_earlier_cases(lab.client)
    assert lab.told.count("close") > 1


async def test_a_case_that_cannot_be_closed_is_an_error_that_names_it() -> None:
    lab = FakeLab("contained", refusals=10_000)
    with pytest.raises(LabCallError, match=r"case-1 could not be closed within 0.05 .*contained"):
        await close_earlier_cases(lab.client, patience=0.05)


async def test_a_case_that_broke_off_stands_in_nobodys_way() -> None:
    lab = FakeLab("failed", refusals=10_000)
    lab.timeline = [{"event": "the response broke off: ValueError"}]
    await close_earlier_cases(lab.client, patience=0.05)
    assert lab.told == []
