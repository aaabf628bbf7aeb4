"""Google SecOps' SOAR: one case per case of ours, notes once, a priority that only rises."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import (
    NotConfigured,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.message import Ticket, TicketTask
from shared.providers.google_secops_soar import GoogleSecOpsCases
from shared.providers.google_secops_soar.check import check
from shared.settings import Settings
from tests.contract.google_account import ASSIGNEE, secops
from tests.contract.processes import PATIENCE_SECONDS, Lab

type MakeSettings = Callable[..., Settings]
VENDOR = "google_secops_soar"


def ticket(note: str = "", **values: object) -> Ticket:
    usual = {
        "correlation_id": "case-1",
        "title": "Account compromised: ada@contoso.example",
        "description": "What is known\nin two lines",
        "severity": "Medium",
    }
    return Ticket.model_validate({**usual, "work_note": note, **values})


def cases_of(lab: Lab) -> list[dict[str, Any]]:
    return list(lab.state()["google_secops_cases"])


def comments(lab: Lab) -> list[str]:
    [case] = cases_of(lab)
    return [one["comment"].partition("\n\n[tourniquet ")[0] for one in case["comments"]]


@pytest.fixture
def soar(lab: Lab, make_settings: MakeSettings) -> GoogleSecOpsCases:
    return GoogleSecOpsCases(
        make_settings(**secops(lab, google_secops_console_url="https://contoso.example/"))
    )


async def test_a_case_is_created_once_though_the_search_lags_behind(
    lab: Lab, soar: GoogleSecOpsCases
) -> None:
    first = await soar.upsert(ticket("Verdict Medium"))
    known = {VENDOR: first.own_id or ""}
    again = await soar.upsert(ticket("Sessions revoked", known=known))
    assert (first.created, again.created) == (True, False)
    assert first.ticket_id == again.ticket_id == "401"
    assert first.url == "https://contoso.example/cases/401"
    [case] = cases_of(lab)
    assert case["tags"] == ["tourniquet", "case-1"]
    assert (case["priority"], case["assignee"]) == ("PRIORITY_MEDIUM", ASSIGNEE)
    assert comments(lab) == ["Verdict Medium", "Sessions revoked"]
    assert all("violation" not in line for line in lab.ledger(VENDOR)), lab.ledger(VENDOR)


async def test_nothing_in_a_case_is_markup(lab: Lab, soar: GoogleSecOpsCases) -> None:
    hostile = "<img src=x onerror=alert(1)> & <b>"
    await soar.upsert(ticket(hostile, title=hostile, description=hostile))
    [case] = cases_of(lab)
    for text in (case["displayName"], case["description"], case["comments"][0]["comment"]):
        assert "<" not in text and ">" not in text and "img src=x" in text


async def test_a_note_is_written_once_however_often_it_comes(
    lab: Lab, soar: GoogleSecOpsCases
) -> None:
    first = await soar.upsert(ticket("Verdict Medium"))
    known = {VENDOR: first.own_id or ""}
    for note in ("Sessions revoked", "Password reset", "Sessions revoked", "Verdict Medium"):
        await soar.upsert(ticket(note, known=known))
    assert comments(lab) == ["Verdict Medium", "Sessions revoked", "Password reset"]


async def test_a_comment_whose_answer_was_lost_is_not_written_twice(
    lab: Lab, soar: GoogleSecOpsCases
) -> None:
    first = await soar.upsert(ticket())
    known = {VENDOR: first.own_id or ""}
    lab.fault(VENDOR, "reset", operation="caseComments.create", when="after", times=1)
    with pytest.raises(RetryableError):
        await soar.upsert(ticket("Sessions revoked", known=known))
    await soar.upsert(ticket("Sessions revoked", known=known))
    assert comments(lab) == ["Sessions revoked"]


async def test_a_mark_behind_many_pages_of_comments_is_found(
    lab: Lab, soar: GoogleSecOpsCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await soar.upsert(ticket("first note"))
    known = {VENDOR: first.own_id or ""}
    await soar.upsert(ticket("second note", known=known))
    monkeypatch.setattr("shared.providers.google_secops_soar.cases.PAGE", 1)
    await soar.upsert(ticket("second note", known=known))
    assert comments(lab) == ["first note", "second note"]


async def test_a_priority_rises_and_never_falls(lab: Lab, soar: GoogleSecOpsCases) -> None:
    first = await soar.upsert(ticket(severity="Medium"))
    known = {VENDOR: first.own_id or ""}
    seen = []
    for severity in ("High", "Low"):
        await soar.upsert(ticket(severity=severity, known=known))
        seen.append(cases_of(lab)[0]["priority"])
    assert seen == ["PRIORITY_HIGH", "PRIORITY_HIGH"]


@pytest.mark.parametrize(
    ("classification", "reason"),
    [
        ("TruePositive", "MALICIOUS"),
        ("BenignPositive", "NOT_MALICIOUS"),
        ("Undetermined", "INCONCLUSIVE"),
    ],
)
async def test_a_case_is_closed_with_ours_and_opened_again_with_it(
    lab: Lab, soar: GoogleSecOpsCases, classification: str, reason: str
) -> None:
    first = await soar.upsert(ticket())
    known = {VENDOR: first.own_id or ""}
    closing = {"classification": classification, "comment": "Closed by Kim."}
    for _ in range(2):
        await soar.upsert(ticket("closed", known=known, closing=closing))
    [case] = cases_of(lab)
    assert (case["status"], case["closeReason"]) == ("CLOSED", reason)
    effects = [line["operation"] for line in lab.ledger(VENDOR) if line["effect"]]
    assert effects.count("cases.close") == 1
    await soar.upsert(ticket("not held", known=known, open_again=True))
    assert cases_of(lab)[0]["status"] == "OPENED"
    assert all("violation" not in line for line in lab.ledger(VENDOR))


async def test_a_case_that_is_gone_is_looked_for_by_its_tag(
    lab: Lab, soar: GoogleSecOpsCases
) -> None:
    made = await soar.upsert(ticket(known={VENDOR: "9999"}))
    assert made.created and made.ticket_id == "401"


async def test_another_case_has_a_case_of_its_own(lab: Lab, soar: GoogleSecOpsCases) -> None:
    first = await soar.upsert(ticket())
    second = await soar.upsert(ticket(correlation_id="case-2"))
    assert second.created and second.ticket_id != first.ticket_id


async def test_what_only_adds_a_note_opens_no_case(lab: Lab, soar: GoogleSecOpsCases) -> None:
    with pytest.raises(NotFound):
        await soar.upsert(ticket("Two accounts more", must_exist=True))
    assert cases_of(lab) == []


async def test_a_wrong_assignee_is_said_in_googles_words(
    lab: Lab, make_settings: MakeSettings
) -> None:
    settings = make_settings(**secops(lab, google_secops_case_assignee="@Nobody"))
    with pytest.raises(PermanentError, match="assigned user does not exist"):
        await GoogleSecOpsCases(settings).upsert(ticket())
    assert cases_of(lab) == []


async def test_another_instance_is_a_missing_permission(
    lab: Lab, make_settings: MakeSettings
) -> None:
    other = "projects/other/locations/us/instances/1"
    settings = make_settings(**secops(lab, google_secops_instance=other))
    with pytest.raises(PermissionDenied):
        await check(settings)


async def test_the_doctor_asks_for_a_case_that_is_not_there(
    lab: Lab, make_settings: MakeSettings
) -> None:
    assert await check(make_settings(**secops(lab))) == "cases can be searched"


@pytest.mark.parametrize(
    "missing", ["google_secops_url", "google_secops_instance", "google_secops_case_assignee"]
)
async def test_what_is_not_set_is_named(
    lab: Lab, make_settings: MakeSettings, missing: str
) -> None:
    with pytest.raises(NotConfigured, match=missing.upper()):
        await GoogleSecOpsCases(make_settings(**secops(lab, **{missing: None}))).upsert(ticket())
    assert cases_of(lab) == []


@pytest.mark.parametrize(
    ("operation", "kind", "more", "expected"),
    [
        ("cases.search", "status", {"value": 429, "retry_after": 60}, Throttled),
        ("cases.search", "status", {"value": 500}, RetryableError),
        ("cases.search", "reset", {}, RetryableError),
        ("cases.search", "malformed", {}, RetryableError),
        ("cases.search", "timeout", {}, RetryableError),
        ("cases.create", "status", {"value": 400}, PermanentError),
        ("cases.create", "status", {"value": 403}, PermissionDenied),
    ],
)
async def test_failures_have_their_type(
    lab: Lab,
    make_settings: MakeSettings,
    operation: str,
    kind: str,
    more: dict[str, float],
    expected: type[TourniquetError],
) -> None:
    lab.fault(VENDOR, kind, operation=operation, **more)
    timeout = 2.0 if kind == "timeout" else PATIENCE_SECONDS
    settings = make_settings(**secops(lab), call_timeout_seconds=timeout, call_attempts=1)
    with pytest.raises(expected) as raised:
        await GoogleSecOpsCases(settings).upsert(ticket("Verdict Medium"))
    assert (raised.value.vendor, raised.value.operation) == (VENDOR, operation)
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 60


async def test_open_work_becomes_tasks_once_and_the_case_goes_to_who_took_it(
    lab: Lab, soar: GoogleSecOpsCases
) -> None:
    tasks = [TicketTask(title=f"Do number {number} by hand. " * 3) for number in (1, 2)]
    tasks.append(TicketTask(title="<b>Ask</b>", detail="x" * 5_000))
    first = await soar.upsert(ticket("opened"))
    wanted = ticket(
        owner="Ana Lyst (ana.lyst@contoso.example)",
        tasks=tasks,
        known={VENDOR: first.own_id or ""},
    )
    for _again in range(2):
        await soar.upsert(wanted)
    [case] = cases_of(lab)
    assert case["assignee"] == "ana.lyst@contoso.example"
    titles = [one["title"] for one in case["tasks"]]
    assert [one[:11] for one in titles[:2]] == ["Do number 1", "Do number 2"]
    assert "<" not in titles[2] and "Ask" in titles[2]
    assert tasks[0].title.strip() in case["tasks"][0]["content"], "whole, as the title is cut"
    assert all(len(one["title"]) <= 50 for one in case["tasks"])
    assert all(len(one["content"]) <= 4_096 for one in case["tasks"])
    writes = [one["operation"] for one in lab.ledger(VENDOR) if one["effect"]]
    assert writes.count("tasks.create") == 3 and writes.count("cases.assign") == 1
    assert not [one for one in lab.ledger(VENDOR) if one.get("violation")]


@pytest.mark.parametrize("owner", ["nobody@contoso.example", "holder of the signed link"])
async def test_an_owner_whom_the_soar_does_not_know_costs_nothing(
    lab: Lab, soar: GoogleSecOpsCases, owner: str
) -> None:
    first = await soar.upsert(ticket())
    known = {VENDOR: first.own_id or ""}
    again = await soar.upsert(ticket("taken", owner=owner, known=known))
    assert again.ticket_id == first.ticket_id
    assert cases_of(lab)[0]["assignee"] == ASSIGNEE


async def test_an_analysts_own_assignment_stays(
    lab: Lab, make_settings: MakeSettings, soar: GoogleSecOpsCases
) -> None:
    first = await soar.upsert(ticket())
    known = {VENDOR: first.own_id or ""}
    other = make_settings(**secops(lab, google_secops_case_assignee="@Administrator"))
    owner = "ana.lyst@contoso.example"
    await GoogleSecOpsCases(other).upsert(ticket("taken", owner=owner, known=known))
    assert cases_of(lab)[0]["assignee"] == ASSIGNEE


async def test_an_instance_without_tasks_has_the_ticket(lab: Lab, soar: GoogleSecOpsCases) -> None:
    lab.fault(VENDOR, "status", value=404, operation="tasks.list")
    made = await soar.upsert(ticket("opened", tasks=[TicketTask(title="Do it by hand.")]))
    assert made.created and comments(lab) == ["opened"]
    lab.call("PUT", "faults", [])
    lab.fault(VENDOR, "status", value=503, operation="tasks.list")
    known = {VENDOR: made.own_id or ""}
    with pytest.raises(RetryableError):
        await soar.upsert(ticket("done", tasks=[TicketTask(title="Do it by hand.")], known=known))
