"""A ticket, or a note in it, that a system did not take is tried until it is there."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import LAST_SEAL
from tests.support.durable_backend import Run
from tests.support.joining import close, events
from tests.support.scripts import SOON, case_payload, fail, opened

type NewCase = Callable[..., Run]
AWAY = "servicenow HTTP 503"
REFUSED = {"ticket_id": None, "url": None, "error": AWAY}
TIMING = SOON | {"watch_hours": 10}
NOTICE = "no ticket: the ITSM stayed down; open by hand; it is tried again, at last once a day"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries at first, then then one every few minutes; the limit is what it is."""
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1, 1))
    monkeypatch.setattr("orchestrators.late_ticket.LATER_HOURS", (0.02, 0.05))


def away(times: int, phase: str = "completed", then: Json | None = None) -> Callable[[Json], Any]:
    """Answer the first calls of a phase with "refused", all others with a ticket."""
    left = iter([REFUSED] * times)

    def answer(payload: Json) -> Any:
        ticket = then or opened("servicenow")
        return next(left, ticket) if payload["phase"] == phase else ticket

    return answer


def test_a_ticket_is_tried_after_people_were_told_until_it_is_there_then_linked(
    case: NewCase,
) -> None:
    run = case(open_ticket=away(7))
    run.start("open_ticket_late", {"systems": [], "there": {}})
    assert run.output(bool) is True
    assert events(run) == [NOTICE, "ticket INC0010001 opened late"]
    [told] = run.called("notify_analysts")
    assert (told["phase"], told["why"]) == ("emergency", NOTICE)
    linked = run.called("save_case")[-1]["patch"]["blocks"][BlockName.NOTIFICATION]
    assert linked["outputs"]["incident_ticket_id"] == "INC0010001"
    assert len(run.called("open_ticket")) == 8
    assert len(run.history()) < 20, "each later try begins anew"


def test_a_system_that_was_opened_meanwhile_is_not_linked_twice(case: NewCase) -> None:
    half, every = opened("servicenow", jira="HTTP 503"), opened("servicenow", "jira")
    answers = iter([half] * 5)
    run = case(open_ticket=lambda _payload: next(answers, every))
    run.start("open_ticket_late", {"systems": [], "there": {}})
    assert run.output(bool) is True
    assert [one for one in events(run) if "opened late" in one] == [
        "ticket INC0010001 opened late",
        "ticket SOC-1 opened late",
    ]
    assert run.called("notify_analysts") == [], "people have the other one"


def test_it_is_tried_no_longer_than_the_evidence_is_kept(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.LATER_HOURS", (0.02, 50))
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(hours=40))
    run = case(open_ticket=away(1000))
    run.start("open_ticket_late", {"systems": [], "there": {}})
    assert run.output(bool) is False
    first, last = events(run)
    assert first == NOTICE and last.endswith("it was tried for 1 days and is not tried again")
    assert len(run.called("notify_analysts")) == 1
    assert len(run.called("open_ticket")) == 3, "two, and one more after people were told"


@pytest.mark.parametrize(
    "answer", [{"unfit": True}, {"error": "no ticketing system is configured"}]
)
def test_what_no_system_ever_takes_is_not_tried_for_ever(case: NewCase, answer: Json) -> None:
    run = case(open_ticket=lambda _payload: REFUSED | answer)
    run.start("open_ticket_late", {"systems": [], "there": {}})
    assert run.output(bool) is False
    assert events(run) == ["ticket not tried again: no ticketing system takes this case"]
    assert run.called("notify_analysts") == [], "nothing is down"
    assert len(run.called("open_ticket")) == 1


@pytest.mark.parametrize("phase", ["acknowledged", "closed", "not_held"])
def test_a_note_that_the_ticket_did_not_take_is_written_later(case: NewCase, phase: str) -> None:
    scripts = {"open_ticket": away(4, phase)}
    if phase == "not_held":
        scripts["recheck_sign_ins"] = lambda _payload: {"held": False, "detail": "1 success"}
    run = case(**scripts)
    run.start("respond", case_payload(timing=TIMING))
    run.wait_for_call("recheck_sign_ins")
    if phase == "acknowledged":
        run.tell("Acknowledged", {"by": "kim"})
        run.wait_for_call("open_ticket", count=3)
    close(run)
    run.wait_for_late()
    words = phase.replace("_", " ")
    assert f"note ({words}) written late to ticket INC0010001" in events(run)
    assert any(AWAY in one for one in events(run) if one.startswith(f"analysts told ({words})"))
    notes = [one for one in run.called("open_ticket") if one["phase"] == phase]
    assert len(notes) == 5 and all(one["must_exist"] for one in notes)
    assert len({one.get("why") or "" for one in notes}) == 1, "the same note"
    emergency = [one for one in run.called("notify_analysts") if one["phase"] == "emergency"]
    assert emergency == [], "they have the message"


def test_the_last_manifests_hash_that_the_ticket_did_not_take_is_written_later(
    case: NewCase,
) -> None:
    def last_seal(payload: Json) -> bool:
        return bool(payload["phase"] == "sealed" and payload["why"] == LAST_SEAL)

    left = iter([REFUSED] * 4)

    def ticket(payload: Json) -> Json:
        taken = opened("servicenow")
        return next(left, taken) if last_seal(payload) else taken

    run = case(open_ticket=ticket)
    run.start("respond", case_payload(timing=TIMING))
    run.wait_for_call("recheck_sign_ins")
    close(run)
    run.wait_for_late()
    said = events(run)
    assert f"the ticket does not have the hash of the newest manifest yet: {AWAY}" in said
    assert "note (sealed) written late to ticket INC0010001" in said
    assert len([one for one in run.called("open_ticket") if last_seal(one)]) == 5


def test_a_note_that_was_written_is_not_tried_again(case: NewCase) -> None:
    run = case(open_ticket=lambda _payload: opened("servicenow"))
    run.start("respond", case_payload(timing=TIMING))
    run.wait_for_call("recheck_sign_ins")
    close(run)
    run.wait()
    assert [one["phase"] for one in run.called("open_ticket")].count("closed") == 1


def test_a_note_of_a_system_that_was_away_alone_names_it(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))
    half = opened("servicenow", jira="HTTP 503")
    run = case(open_ticket=lambda _payload: half)
    payload = {"systems": ["servicenow"], "phase": "closed", "why": "closed by kim"}
    run.start("open_ticket_late", payload)
    assert run.output(bool) is False
    assert events(run) == [
        "note (closed) not written to the ticket in jira: the ITSM stayed down; write it by hand"
    ]


def test_no_ticket_is_opened_by_a_note(case: NewCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))
    run = case(open_ticket=fail(AWAY))
    run.start("open_ticket_late", {"systems": [], "phase": "closed", "why": "closed by kim"})
    assert run.output(bool) is False
    calls = run.called("open_ticket")
    assert calls and all(one["must_exist"] for one in calls)


UNFIT = REFUSED | {"error": "it did not come from Sentinel", "unfit": True}
NONE = REFUSED | {"error": "no ticketing system is configured"}


@pytest.mark.parametrize("answer", [UNFIT, NONE], ids=["unfit", "none configured"])
def test_where_no_system_takes_the_case_nothing_waits_and_nothing_is_called_down(
    case: NewCase, answer: Json
) -> None:
    run = case(open_ticket=lambda _payload: answer)
    run.start("respond", case_payload(timing=TIMING))
    run.wait_for_call("recheck_sign_ins")
    run.tell("Acknowledged", {"by": "kim"})
    close(run)
    run.wait_for_late()
    false = ("ITSM", "again", "does not have")
    assert [one for one in events(run) if any(word in one for word in false)] == []
    assert "tried_at" not in {key for one in run.called("open_ticket") for key in one}
    phases = [one["phase"] for one in run.called("notify_analysts")]
    assert phases[:4] == ["opened", "emergency", "completed", "emergency"]
    assert "emergency" not in phases[4:], "the summary that no ticket holds, and no alarm later"
    written = [call["patch"].get("blocks", {}) for call in run.called("save_case")]
    blocks = [one[BlockName.NOTIFICATION] for one in written if BlockName.NOTIFICATION in one]
    notes = [note for one in blocks for note in one["notes"]]
    assert f"no ticket: {answer['error']}" in notes


def test_a_ticketing_system_that_is_taken_away_ends_the_tries_truly(case: NewCase) -> None:
    answers = iter([REFUSED] * 3)
    run = case(open_ticket=lambda _payload: next(answers, NONE))
    run.start("open_ticket_late", {"systems": [], "there": {}})
    assert run.output(bool) is False
    assert events(run) == [NOTICE, "ticket not tried again: no ticketing system takes this case"]


def test_each_try_is_a_call_of_its_own_to_the_claims(case: NewCase) -> None:
    """Two calls with one payload are one to the claims, and could both make a ticket."""
    run = case(open_ticket=away(6))
    run.start("open_ticket_late", {"systems": [], "there": {}})
    run.wait()
    tries = [json.dumps(one) for one in run.called("open_ticket")]
    assert len(set(tries)) == len(tries) == 7


def test_a_case_ends_although_its_ticket_and_notes_are_late(case: NewCase) -> None:
    """Or its account were held, and its code unchangeable, for as long as an ITSM is away."""
    back = threading.Event()

    def ticket(_payload: Json) -> Json:
        return opened("servicenow") if back.is_set() else REFUSED

    run = case(open_ticket=ticket)
    run.start("respond", case_payload(timing=TIMING))
    run.wait_for_call("recheck_sign_ins")
    close(run)
    assert len(run.called("release_account")) == 1
    assert not [one for one in events(run) if "opened late" in one]
    back.set()
    run.wait_for_late()
    assert "ticket INC0010001 opened late" in events(run)
    assert "note (closed) written late to ticket INC0010001" in events(run)
