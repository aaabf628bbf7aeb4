"""Google SecOps as the SIEM: searches, limits, sign-ins, cases; each request as specified."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import (
    NotConfigured,
    NotSupported,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.message import Ticket
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.providers.google_secops import search, sign_in_log
from shared.providers.google_secops.siem import GoogleSecOps
from shared.providers.google_secops.sign_in_log import GoogleSecOpsLogs
from shared.providers.google_secops_soar import GoogleSecOpsCases
from shared.settings import Settings
from tests.contract.google_account import secops
from tests.contract.processes import PATIENCE_SECONDS, Lab

type MakeSettings = Callable[..., Settings]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
START = NOW - timedelta(days=1)
DANA, DANA_ID = "dana@contoso.example", "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
LOGIN = 'metadata.event_type = "USER_LOGIN" and target.user.userid = ${name} nocase'


def sign_in(minutes: float, code: str = "0", **more: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "Id": f"id-{minutes}",
        "UserPrincipalName": DANA,
        "UserId": DANA_ID,
        "ResultType": code,
        "IPAddress": "203.0.113.66",
        **more,
    }


@pytest.fixture
def siem(lab: Lab, make_settings: MakeSettings) -> GoogleSecOps:
    rows = [sign_in(index, "50126") for index in range(1, 6)]
    other = sign_in(7, UserPrincipalName="kim@contoso.example", UserId="-")
    lab.tenant(tables={"SigninLogs": [*rows, sign_in(0.5), other]})
    return GoogleSecOps(make_settings(**secops(lab, google_secops_case_assignee=None)))


async def ask(siem: GoogleSecOps, name: str = DANA, query: str = LOGIN) -> Any:
    return await siem.run_query(query, parameters={"name": name}, start=START, end=NOW)


async def test_events_come_oldest_first_with_their_time(lab: Lab, siem: GoogleSecOps) -> None:
    answer = await ask(siem)
    assert [row["metadata"]["productLogId"] for row in answer.rows] == [
        *(f"id-{number}" for number in (5, 4, 3, 2, 1)),
        "id-0.5",
    ]
    assert answer.rows[-1]["TimeGenerated"] == "2026-11-20T11:59:30Z"
    assert not answer.partial
    assert all("violation" not in line for line in lab.ledger("google_secops"))


@pytest.mark.parametrize("name", ['x" or metadata.event_type != "', "x\\", "/.*/", "${name}"])
async def test_a_hostile_name_finds_nothing_and_breaks_nothing(
    lab: Lab, siem: GoogleSecOps, name: str
) -> None:
    assert (await ask(siem, name)).rows == []
    [line] = lab.ledger("google_secops")
    assert line["status"] == 200


async def test_a_name_that_cannot_be_written_is_not_sent(lab: Lab, siem: GoogleSecOps) -> None:
    with pytest.raises(PermanentError, match="cannot be in a UDM string"):
        await ask(siem, "dana\ncontoso")
    assert lab.ledger("google_secops") == []


async def test_a_query_that_google_does_not_take_is_a_permanent_error(
    lab: Lab, siem: GoogleSecOps
) -> None:
    with pytest.raises(PermanentError, match="compilation error"):
        await ask(siem, query="SigninLogs | take 1")
    assert len(lab.ledger("google_secops")) == 1


async def test_more_than_one_answer_holds_is_said(
    siem: GoogleSecOps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_EVENTS", 4)
    answer = await ask(siem)
    assert len(answer.rows) == 4 and answer.partial and "too large" in answer.detail


async def test_sign_ins_beyond_one_answer_are_read_in_smaller_periods(
    lab: Lab, siem: GoogleSecOps, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_EVENTS", 4)
    log = GoogleSecOpsLogs(make_settings(**secops(lab)), read_tables)
    start = NOW - timedelta(minutes=8)
    found = await log.get_sign_ins(object_id=None, user_principal_name=DANA, start=start, end=NOW)
    assert [event.id for event in found.events] == [
        "id-5",
        "id-4",
        "id-3",
        "id-2",
        "id-1",
        "id-0.5",
    ]
    assert (found.incomplete, found.rows) == ([], 6)
    monkeypatch.setattr(sign_in_log, "MOST_SEARCHES", 2)
    less = await log.get_sign_ins(object_id=None, user_principal_name=DANA, start=start, end=NOW)
    assert less.incomplete and len(less.events) < 6


async def test_sign_ins_are_found_by_id_and_by_name(
    lab: Lab, siem: GoogleSecOps, make_settings: MakeSettings
) -> None:
    log = GoogleSecOpsLogs(make_settings(**secops(lab)), read_tables)
    for object_id, name in ((DANA_ID, None), (None, DANA.upper()), (DANA_ID, DANA)):
        found = await log.get_sign_ins(
            object_id=object_id, user_principal_name=name, start=START, end=NOW
        )
        codes = [event.result_code for event in found.events]
        assert codes == ["50126"] * 5 + ["0"], (object_id, name)
        assert not found.incomplete
    with pytest.raises(PermanentError):
        await log.get_sign_ins(object_id=None, user_principal_name=None, start=START, end=NOW)


async def test_an_account_is_looked_up_by_its_mail_address(lab: Lab, siem: GoogleSecOps) -> None:
    known = await siem.look_up_account(DANA.upper(), start=START, end=NOW)
    assert known == {
        "first_seen": "2026-11-20T11:55:00Z",
        "last_seen": "2026-11-20T11:59:30Z",
        "alerts": {},
    }
    assert await siem.look_up_account("nobody@contoso.example", start=START, end=NOW) is None
    lines = len(lab.ledger("google_secops"))
    assert await siem.look_up_account("dana", start=START, end=NOW) is None
    assert len(lab.ledger("google_secops")) == lines, "a bare name is a host's to Google"


async def test_the_case_that_a_person_began_with_is_read_and_commented(
    lab: Lab, siem: GoogleSecOps, make_settings: MakeSettings
) -> None:
    made = await GoogleSecOpsCases(make_settings(**secops(lab))).upsert(
        Ticket(correlation_id="case-9", title="t", description="d", severity="High")
    )
    incident = await siem.get_incident(made.ticket_id)
    assert incident["properties"] == {
        "title": "t",
        "status": "OPENED",
        "owner": {"assignedTo": "@Tier1"},
        "additionalData": {"alertsCount": 1, "commentsCount": 0},
    }
    assert siem.takes_comments_on(made.ticket_id)
    for text in ("first", "first", "second"):
        await siem.comment_on_incident(made.ticket_id, key="case-1:opened", text=text)
    [case] = lab.state()["google_secops_cases"]
    assert [one["comment"].partition("\n")[0] for one in case["comments"]] == ["first", "second"]


async def test_a_case_that_a_person_began_with_is_the_ticket(
    lab: Lab, siem: GoogleSecOps, make_settings: MakeSettings
) -> None:
    settings = make_settings(**secops(lab, siem="google_secops"))
    cases = GoogleSecOpsCases(settings)
    first = await cases.upsert(
        Ticket(correlation_id="case-9", title="t", description="d", severity="Low")
    )
    again = await cases.upsert(
        Ticket(
            correlation_id="case-1",
            title="t",
            description="d",
            severity="High",
            work_note="Verdict High",
            incident_id=first.ticket_id,
        )
    )
    assert (again.ticket_id, again.created) == (first.ticket_id, False)
    [case] = lab.state()["google_secops_cases"]
    assert case["priority"] == "PRIORITY_HIGH" and len(case["comments"]) == 1
    assert not GoogleSecOps(settings).takes_comments_on(first.ticket_id), "written as the ticket"


@pytest.mark.parametrize("incident_id", ["/subscriptions/x", "INC0010001", "", "12/../13"])
async def test_what_is_no_case_of_google_secops_is_not_asked_for(
    lab: Lab, siem: GoogleSecOps, incident_id: str
) -> None:
    assert not siem.takes_comments_on(incident_id)
    with pytest.raises(NotSupported):
        await siem.get_incident(incident_id)
    with pytest.raises(NotSupported):
        await siem.comment_on_incident(incident_id, key="k", text="t")
    assert lab.ledger("google_secops_soar") == []


@pytest.mark.parametrize("missing", ["google_secops_url", "google_secops_instance"])
async def test_what_is_not_set_is_named(
    lab: Lab, make_settings: MakeSettings, missing: str
) -> None:
    with pytest.raises(NotConfigured, match=missing.upper()):
        await ask(GoogleSecOps(make_settings(**secops(lab, **{missing: None}))))


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("status", {"value": 429, "retry_after": 60}, Throttled),
        ("status", {"value": 500}, RetryableError),
        ("status", {"value": 400}, PermanentError),
        ("status", {"value": 403}, PermissionDenied),
        ("reset", {}, RetryableError),
        ("malformed", {}, RetryableError),
        ("timeout", {}, RetryableError),
    ],
)
async def test_failures_have_their_type(
    lab: Lab,
    make_settings: MakeSettings,
    kind: str,
    more: dict[str, float],
    expected: type[TourniquetError],
) -> None:
    lab.fault("google_secops", kind, **more)
    timeout = 2.0 if kind == "timeout" else PATIENCE_SECONDS
    settings = make_settings(
        **secops(lab),
        call_timeout_seconds=timeout,
        query_timeout_seconds=timeout,
        call_attempts=1,
    )
    with pytest.raises(expected) as raised:
        await ask(GoogleSecOps(settings))
    assert (raised.value.vendor, raised.value.operation) == ("google_secops", "udmSearch")
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 60
