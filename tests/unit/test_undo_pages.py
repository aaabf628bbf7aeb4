"""What the pages say about taking actions back, with hostile text in every free field."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.pages import render_decision, render_report, render_undo
from tests.unit.playbook.records import action, record
from tests.unit.test_pages import HOSTILE, Page, problems

AT = "2026-11-20T12:30:00.000Z"


def undone(text: str = "kim", verified: bool | None = True) -> Json:
    return {"at": AT, "by": text, "comment": text, "verified": verified, "detail": text}


def result(status: str, text: str = "why", **changes: Any) -> Json:
    given = {"action": "DisableAccount", "target": text, "status": status, "detail": text}
    return given | {"instead": text} | changes


def run(*results: Json, text: str = "kim", finished: bool = True) -> Json:
    given = {"number": 1, "at": AT, "by": text, "comment": text, "results": list(results)}
    return given | {"finished_at": AT if finished else None}


def words(html: str) -> str:
    return " ".join(" ".join(Page(html).words).split())


DISABLED = action("DisableAccount", undo={"account_enabled": True})
CONTAINED = record(actions=[DISABLED, action("RevokeSessions")])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    back = action("BlockIP", target=text, detail=text) | {"undone": undone(text)}
    runs = [run(result("failed", text), result("impossible", text), text=text)]
    disabled = DISABLED | {"target": text, "detail": text}
    seen = {"at": AT, "held": False, "detail": text}
    found = record(actions=[disabled, back], undos=runs, recheck=seen)
    started = {"undoing": [text], "not_undoable": [result("impossible", text)]}
    for html in (
        render_report(found, undo=text),
        render_report(found),
        render_decision(found, undo=text),
        render_undo(found, csrf=text, error=text, comment=text),
        render_undo(found, under_way=started, by=text),
    ):
        assert not list(problems(html))
        assert "62710561" not in html, "nothing is evaluated"
        assert "alert(1)</script>" not in html


def test_the_form_names_what_can_be_restored_and_repeats_the_mark() -> None:
    tags = Page(render_decision(CONTAINED, undo="a-b_c")).tags
    [form] = [attributes for tag, attributes in tags if tag == "form"]
    assert (form["method"], form["action"]) == ("post", "undo")
    boxes = [given for tag, given in tags if tag == "input"]
    assert boxes.pop(0) == {"type": "hidden", "name": "csrf", "value": "a-b_c"}
    assert [one["value"] for one in boxes] == ["DisableAccount ann@contoso.com"]
    assert not any("checked" in one for one in boxes), "nobody takes back by one press"
    said = words(render_decision(CONTAINED, undo=""))
    assert "sessions that were ended cannot be brought back; the user signs in again" in said


def test_who_may_only_read_sees_what_could_be_done_and_no_form() -> None:
    html = render_report(CONTAINED)
    assert not [tag for tag, _attributes in Page(html).tags if tag == "form"]
    assert "Can be taken back: Disable account" in words(html)


def test_a_case_without_anything_to_restore_says_nothing_of_it() -> None:
    assert "aken back" not in words(render_report(record(), undo=""))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            record(actions=[DISABLED | {"undo": None, "undone": undone()}]),
            "Taken back by kim, verified: Disable account.",
        ),
        (
            record(actions=[DISABLED | {"undo": None, "undone": undone(verified=None)}]),
            "Taken back by kim, NOT verified: Disable account.",
        ),
        (
            record(actions=[DISABLED], undos=[run(result("failed", "ann@contoso.com"))]),
            "Taking back FAILED, do it by hand: Disable account.",
        ),
        (record(actions=[DISABLED], undos=[run(finished=False)]), "kim is taking actions back"),
        (
            record(recheck={"at": AT, "held": False, "detail": "1 sign-in"}, status="failed"),
            "The containment did NOT hold: somebody signed in again.",
        ),
    ],
)
def test_the_answer_says_what_became_of_the_containment(found: Json, said: str) -> None:
    assert said in words(render_report(found))


def test_a_case_that_is_monitored_after_an_undo_is_no_alarm() -> None:
    """The status alone once meant that the attacker was back."""
    back = DISABLED | {"undo": None, "undone": undone()}
    html = render_report(record(actions=[back], status="monitoring", undos=[run()]))
    assert "did NOT hold" not in words(html)
    assert "Done and verified" not in words(html)
