"""Storage may be away: people are told all the same, and the record is made good later."""

from collections.abc import Callable
from typing import Any

from shared.errors import RetryableError
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.plan import Disposition
from shared.models.verdict import Confidence
from shared.playbook.reporting.record import initial_record, merge_record
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import RESET, REVOKE, close, judgements, respond
from tests.support.scripts import (
    SOON,
    case_payload,
    decided,
    default_scripts,
    fail,
    plan_line,
)

type NewCase = Callable[..., Run]


def stored_after(run: Run, outage: int) -> dict[str, Any]:
    """Return the record that storage holds when it refused the first ``outage`` writes."""
    case: dict[str, Any] | None = None
    for call in run.called("save_case")[outage:]:
        patch = dict(call["patch"])
        opening = patch.pop("case", None)
        if case is None and opening is not None:
            case = initial_record(CaseRequest.model_validate(opening))
        if case is not None:
            case = merge_record(case, patch)
    assert case is not None, "no later write can create the record"
    return case


def test_the_next_write_makes_good_what_storage_missed(case: NewCase) -> None:
    refused: list[dict[str, Any]] = []

    def save(payload: dict[str, Any]) -> Any:
        if len(refused) < 3:
            refused.append(payload)
            return {"case_id": payload["case_id"], "error": "storage is away"}
        return {"case_id": payload["case_id"]}

    run = case(save_case=save)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    record = stored_after(run, outage=3)
    assert record["status"] == "contained"
    assert record["verdict"]["compromise_confidence_score"] == "High"
    assert [item["action"] for item in record["actions"]]
    assert "case opened" in [item["event"] for item in record["timeline"]]


def test_people_are_told_everything_when_storage_and_ticketing_are_away(case: NewCase) -> None:
    run = case(save_case=fail("storage is away"), open_ticket=fail("no record"))
    run.start("respond", case_payload(timing=SOON))
    told = [
        payload
        for payload in (run.wait_for_call("notify_analysts", count) for count in (1, 2))
        if payload["phase"] == "emergency"
    ]
    assert told[0]["record"]["verdict"]["score"] == 95
    assert told[0]["record"]["plan"]


def test_nothing_waits_for_the_first_write(case: NewCase) -> None:
    def never(payload: dict[str, Any]) -> Any:
        if "case" in payload["patch"] and "verdict" not in payload["patch"]:
            raise RuntimeError("storage is away")
        return {"case_id": payload["case_id"]}

    run = case(save_case=never)
    run.start("respond", case_payload(timing=SOON))
    run.wait_for_call("force_password_reset")
    written = [call["patch"] for call in run.called("save_case") if "verdict" in call["patch"]]
    assert "case" in written[0], "the first write that works creates the record"


LONGER_THAN_SAVED_FOR = 12
"""Refusals in a row: more than the eight tries of a write that a later one makes good."""


class Storage:
    """Refuses the writes that carry ``what``, ``times`` in a row, then keeps them."""

    def __init__(
        self, what: Callable[[dict[str, Any]], bool], times: int = LONGER_THAN_SAVED_FOR
    ) -> None:
        self._what, self.refused, self._times = what, 0, times
        self.kept: list[dict[str, Any]] = []

    def save(self, payload: dict[str, Any]) -> Any:
        if self._what(payload["patch"]) and self.refused < self._times:
            self.refused += 1
            raise RetryableError("storage is away", vendor="blob")
        self.kept.append(payload["patch"])
        return {"case_id": payload["case_id"]}


def test_what_joined_is_written_when_storage_is_back_after_minutes(case: NewCase) -> None:
    inbox, storage = Inbox(), Storage(lambda patch: "joined" in patch)
    run = case(save_case=storage.save, **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=3)
    close(run)
    [joined] = [patch for patch in storage.kept if "joined" in patch]
    assert [one["case_id"] for one in joined["joined"]] == [f"case-{7:024x}"]
    [event] = [one["event"] for one in joined["timeline"]]
    assert "1 more incident on the account joined" in event


def test_what_was_done_beside_a_question_is_written_before_its_answer(case: NewCase) -> None:
    lines = [plan_line(REVOKE, Disposition.AUTOMATIC), plan_line(RESET, Disposition.ASK)]
    storage = Storage(lambda patch: "actions" in patch, times=6)
    run = case(
        save_case=storage.save,
        decide_response=lambda _payload: decided(Confidence.HIGH, lines),
    )
    respond(run)
    run.wait(f"{run.case_id}:contain:1")
    [done] = [patch["actions"] for patch in storage.kept if "actions" in patch]
    assert [(one["action"], one["status"]) for one in done] == [(REVOKE, "succeeded")]


def test_what_a_joined_incident_calls_for_does_not_wait_for_storage(case: NewCase) -> None:
    inbox, storage = Inbox(), Storage(lambda patch: "joined" in patch, times=1000)
    rising = judgements(
        decided(Confidence.HIGH, []),
        decided(Confidence.HIGH, [plan_line(REVOKE, Disposition.AUTOMATIC)]),
    )
    run = case(save_case=storage.save, decide_response=rising, **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("revoke_sessions")
    assert storage.refused <= 10, "eight tries before people are told, two after"


def test_the_last_write_of_a_case_waits_for_storage(case: NewCase) -> None:
    storage = Storage(lambda patch: patch.get("status") == "contained")
    run = case(save_case=storage.save)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert [patch for patch in storage.kept if patch.get("status") == "contained"]


def test_the_hand_over_is_told_from_a_record_that_has_everything(case: NewCase) -> None:
    """People are told what storage has: what it lacks, nobody would hear of."""
    order: list[str] = []

    def save(payload: dict[str, Any]) -> Any:
        evidence = payload["patch"].get("blocks", {}).get(BlockName.EVIDENCE, {})
        if any("no manifest" in note for note in evidence.get("notes", [])):
            if "case" not in payload["patch"]:
                raise RetryableError("storage is away")
            order.append("stored")
        return {"case_id": payload["case_id"]}

    def tell(payload: dict[str, Any]) -> Any:
        order.append(payload["phase"])
        return default_scripts()["open_ticket"](payload)

    unsealed = {"manifest": None, "error": "no such container"}
    run = case(save_case=save, open_ticket=tell, seal_evidence=lambda _payload: unsealed)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert order[:3] == ["opened", "stored", "completed"]
