"""What the report says of a case: three sentences, course, recovery, places, techniques."""

import re
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from shared.models.attack import load_attack, technique_link, technique_name
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseRecord
from shared.pages import render_report
from shared.pages.course import course
from shared.pages.places_plot import places_plot
from shared.pages.recovery import recovery
from shared.pages.sign_in_plot import sign_in_plot
from shared.pages.summary import summary
from shared.playbook.hunts import load_hunts
from tests.support.kept_cases import kept_case
from tests.support.scripts import DECISION
from tests.unit.playbook.records import AT, action, changed_block, record
from tests.unit.source_files import ROOT


def case(**changes: Any) -> CaseRecord:
    return CaseRecord.model_validate(record(**changes))


def kept(name: str) -> CaseRecord:
    return CaseRecord.model_validate(kept_case(name))


def test_the_summary_is_three_sentences() -> None:
    assert summary(kept("manual")) == [
        "After 25 failed logins from 203.0.113.66 (Amsterdam, NL), somebody signed in as Dana "
        "Rivers on 2026-11-22 08:52:32 UTC, without being asked for a second factor.",
        "Confidence in a compromise is High (100 of 100); as ana.lyst@contoso.example decided, 6 "
        "actions were done and verified within 22.0 s of the detection.",
        "2 tasks are open for people, below; 18 items of evidence are kept.",
    ]


def test_the_summary_says_whose_wish_it_was_and_what_is_not_sure() -> None:
    silence = DECISION | {"channel": "deadline"}
    two = DECISION | {"confirmed_by": "lee"}
    assert "by the policy, without a person, " in summary(case())[1]
    assert "as nobody answered, by the policy, " in summary(case(decision=silence))[1]
    assert " and lee decided, " in summary(case(decision=two))[1]
    half = [action("RevokeSessions"), action("BlockIP", verified=None)]
    assert "2 actions were done, 1 of them verified" in summary(case(actions=half))[1]
    denied = [action("RevokeSessions"), action("BlockIP", verified=False)]
    words = summary(case(actions=denied))[1]
    assert "1 action was done and verified" in words
    assert words.endswith("; 1 action was accepted and NOT in force when read back.")
    undone = {"at": AT, "by": "kim", "comment": "c", "verified": True}
    back = summary(case(actions=[action("DisableAccount", undone=undone)]))
    assert "nothing that was done is in force" in back[1]
    failed = summary(case(actions=[action("RevokeSessions", "failed")]))
    assert failed[2].startswith("Terminate sessions failed and has to be done by hand; no evidence")


@pytest.mark.parametrize(
    ("outputs", "start"),
    [
        ({"failed_logins_count": 1}, "There were 1 failed login on ann@contoso.com from"),
        ({}, "Brute force success: no login of the attack on ann@contoso.com is known."),
        (
            {"successful_login_details": {"time": AT}},
            "Somebody signed in as ann@contoso.com on 2026-11-20 12:12:00 UTC from 203.0.113.7",
        ),
    ],
)
def test_the_summary_says_only_what_is_known(outputs: Json, start: str) -> None:
    blocks = changed_block(BlockName.SIGN_INS, BlockStatus.COMPLETE, [], **outputs)
    assert summary(case(blocks=blocks))[0].startswith(start)


def test_before_the_verdict_nothing_was_changed() -> None:
    early = summary(case(verdict=None, actions=[], blocks={}))
    assert "still being weighed" in early[1] and "no evidence is kept yet" in early[2]


def test_the_course_names_every_step_in_its_order() -> None:
    ran = course(kept("manual"))
    assert ran is not None
    names = [step.name for step in ran.steps]
    gathered = {"User looked up", "Address looked up", "Sign-ins analysed", "Activity hunted"}
    assert set(names[:4]) == gathered, "all at once, so in no order"
    assert len(names) == 10 and names[-1] == "People told"
    assert names.index("Person decided") < names.index("Account contained")
    assert [step.at for step in ran.steps] == sorted(step.at for step in ran.steps)
    assert 0 < ran.whole < 60
    for step in ran.steps:
        _all, part = ElementTree.fromstring(step.bar)  # noqa: S314 - our own text
        assert 0 <= float(part.attrib["x"]) <= 300 - float(part.attrib["width"])
    assert re.findall(r">([\d.]+ s)</text>", ran.axis) == ["0 s", "5 s", "10 s", "15 s", "20 s"]
    assert course(case(blocks={})) is None


def checks(found: CaseRecord) -> dict[str, tuple[str, str]]:
    return {one.label: (one.tone, one.text) for one in recovery(found)}


def test_what_holds_before_the_account_goes_back() -> None:
    found = checks(kept("manual"))
    tones = {label: tone for label, (tone, _text) in found.items()}
    assert tones == {
        "Password": "good",
        "Sessions": "good",
        "Mailbox rules and forwarding": "good",
        "Consents to applications": "good",
        "Sign-in methods": "good",
        "Roles": "good",
        "Second factor": "bad",
        "Devices": "warn",
        "After the containment": "good",
        "Owner": "warn",
    }


def test_what_was_not_done_or_not_searched_does_not_hold() -> None:
    found = checks(case(actions=[action("ForcePasswordReset", "failed")]))
    assert found["Password"] == ("bad", "NOT replaced by this case")
    assert found["Roles"][0] == "warn" and "NOT searched" in found["Roles"][1]
    assert found["Devices"][0] == "bad" and "LAPTOP-9" in found["Devices"][1]
    rules = {"id": "inbox_rules", "count": 1}
    blocks = changed_block(
        BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=[rules], queries_run=["inbox_rules"]
    )
    label = "Mailbox rules and forwarding"
    assert checks(case(blocks=blocks))[label][0] == "bad"
    off = action("DisableInboxRules")
    assert checks(case(blocks=blocks, actions=[off]))[label][0] == "good"
    undone = {"at": AT, "by": "kim", "comment": "c", "verified": True}
    given_back = action("DisableInboxRules", undone=undone)
    assert checks(case(blocks=blocks, actions=[given_back]))[label][0] == "warn"


def test_a_containment_that_did_not_hold_is_no_time_to_give_back() -> None:
    again = {"at": AT, "held": False, "detail": "2 sign-ins"}
    assert checks(case(recheck=again))["After the containment"][0] == "bad"


def test_nothing_goes_back_where_nothing_was_taken() -> None:
    low = record()["verdict"] | {"compromise_confidence_score": "Low"}
    assert recovery(case(verdict=low)) == [] and recovery(case(account=None)) == []


SVG = "{http://www.w3.org/2000/svg}"


def test_the_attackers_place_is_drawn_as_squares_and_the_usual_as_circles() -> None:
    plot = places_plot(kept("manual"))
    assert plot is not None and "style" not in plot
    groups = ElementTree.fromstring(plot).findall(f"{SVG}g")  # noqa: S314 - our own text
    lanes = [one for one in groups if one.get("class") in ("attack", "usual")]
    assert [one.get("class") for one in lanes] == ["attack", "usual", "usual"]
    forms = [["A" in path.attrib["d"] for path in one.findall(f"{SVG}path")] for one in lanes]
    assert forms[0] == [False] and forms[1] == [True] * 21
    assert [len(one.findall(f"{SVG}rect[@class='failed']")) for one in lanes] == [1, 0, 0]
    assert places_plot(case()) is None


def test_a_picture_of_a_hostile_log_is_well_formed_and_text() -> None:
    found = kept("manual")
    place = found.blocks[BlockName.SIGN_INS].details["places"]["places"][0]
    place["city"] = "</text><script>alert(1)</script>\x00\x1b\u202e" + "x" * 100
    plot = places_plot(found)
    assert plot is not None and "<script" not in plot and "\u202e" not in plot
    drawn = ElementTree.fromstring(plot)  # noqa: S314 - our own text
    written = [one.text or "" for one in drawn.iter(f"{SVG}text") if "lane" in one.get("class", "")]
    assert written[0].startswith("</text><script>alert(1)</script>")
    assert len(written[0]) < 80 and "x" * 100 in drawn.attrib["aria-label"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_times_are_utc_wherever_the_app_runs(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        plot = sign_in_plot(kept("manual"))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert plot is not None
    marks = re.findall(r"translate\(([\d.]+), 0\)[^/]*/><text[^>]*>([\d:]+)<", plot)
    assert [label for _x, label in marks] == ["08:45", "08:50", "08:55"]
    # The picture is of 15 minutes from 08:40:32, 24 units from either edge of 560.
    expected = 24.5 + 512 * (300 - 32.39) / 900
    assert float(marks[0][0]) == pytest.approx(expected, abs=0.1)


def test_techniques_are_named_from_one_version_of_attack() -> None:
    table = load_attack()
    assert re.fullmatch(r"\d+\.\d+", table.version)
    text = (ROOT / "shared" / "models" / "attack.toml").read_text(encoding="utf-8")
    assert "MITRE Corporation" in text and "permission" in text
    used = {hunt.technique for hunt in load_hunts()} | in_the_signals()
    assert used - set(table.techniques) == set(), "every technique of ours has a name"
    assert technique_name("T1110.001") == "Brute Force: Password Guessing"
    assert technique_name("T9999") == ""
    assert technique_link("T1110.001") == "https://attack.mitre.org/techniques/T1110/001/"
    assert technique_link("T1110.001/../x") == ""
    assert f"(ATT&CK {table.version})" in (ROOT / "docs" / "case.md").read_text(encoding="utf-8")


def in_the_signals() -> set[str]:
    found = set()
    for file in Path(ROOT / "shared" / "playbook").rglob("*.py"):
        found |= set(re.findall(r'"(T\d{4}(?:\.\d{3})?)"', file.read_text(encoding="utf-8")))
    return found


def test_a_record_of_before_the_hand_over_still_shows_its_steps() -> None:
    old = record(next_steps=["Call ann."], hand_over=[])
    assert "<li>Call ann.</li>" in render_report(old)
