"""The activities with Google SecOps as the SIEM: real searches, on the lab's evaluator."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.analysis import analyse_activity, get_case_context
from activities.evidence import preserve_evidence
from activities.sign_ins import analyse_sign_ins
from activities.trail import registrations_since
from lab.simulators.udm_events import events_of
from lab.simulators.udm_query import compile_query
from shared.errors import RetryableError
from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from shared.playbook.acting.exports_udm import UDM_EXPORTS
from shared.playbook.hunts import load_hunts
from shared.playbook.hunts.udm import load_udm_hunts
from shared.playbook.sign_ins.neighbours import address_rows, address_use
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.udm import render
from tests.support.fakes import FakeHouse, FakeSiem
from tests.support.scripts import NAME, OBJECT_ID, case_payload
from tests.unit.activities.calls import CASE_ID, block, call
from tests.unit.activities.test_neighbours import case as attacked
from tests.unit.activities.test_neighbours import colleagues
from tests.unit.playbook.builders import ATTACKER, SUCCESS_AT, failures, sign_in

CASE = case_payload(
    account={
        "key": "a" * 32,
        "user_id": OBJECT_ID,
        "object_id": OBJECT_ID,
        "user_principal_name": NAME,
    }
)
DOWN = RetryableError("timed out", vendor="google_secops", operation="udmSearch")


class UdmSiem(FakeSiem):
    """Searches the events of a tenant's tables."""

    def __init__(self, tables: dict[str, list[Json]]) -> None:
        super().__init__("udm")
        self._tables = tables
        self.most = 10_000
        self.known: Json | None = None

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        self._call("run_query")
        fits = compile_query(render(query, parameters))
        found: list[dict[str, Any]] = []
        for event in events_of(lambda name: self._tables.get(name, [])):
            time = event["metadata"]["eventTimestamp"]
            if start <= parse_utc(time) < end and fits(event):
                found.append({"TimeGenerated": time, **event})
        if len(found) > self.most:
            return QueryResult(rows=found[: self.most], partial=True, detail="too large")
        return QueryResult(rows=found)

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        self._call("look_up_account")
        assert name == NAME
        return self.known


def secops(house: FakeHouse, **tables: list[Json]) -> UdmSiem:
    siem = UdmSiem(tables)
    house.providers.siem = siem
    return siem


def rule() -> Json:
    return {"TimeGenerated": "2026-11-20T11:58:00Z", "Operation": "New-InboxRule", "UserId": NAME}


async def test_a_hunt_that_is_not_available_is_said_and_never_called_clean(
    house: FakeHouse,
) -> None:
    secops(house, OfficeActivity=[rule()])
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert found["status"] == "partial"
    [line] = found["outputs"]["incomplete_queries"]
    assert "token_new_places" in line and "not available in Google SecOps" in line
    assert set(found["outputs"]["queries_run"]) == set(load_udm_hunts())
    [finding] = found["outputs"]["findings"]
    assert finding["id"] == "inbox_rules" and finding["rows"][0]["Operation"] == "New-InboxRule"


async def test_searches_that_fail_or_are_cut_are_never_called_clean(house: FakeHouse) -> None:
    siem = secops(house, OfficeActivity=[rule(), rule()])
    siem.most = 1
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert any(
        line.startswith("inbox_rules: too large") for line in found["outputs"]["incomplete_queries"]
    )
    siem.failing["run_query"] = DOWN
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert found["outputs"]["queries_run"] == []
    assert len(found["outputs"]["incomplete_queries"]) == len(load_hunts())


async def test_who_else_an_address_signs_in_is_counted_as_in_sentinel(house: FakeHouse) -> None:
    house.sign_in_log.result = SignInLogResult(
        events=[*failures(25, over=timedelta(minutes=8)), sign_in(SUCCESS_AT)], rows=26
    )
    rows = [
        {**row, "LocationDetails": "{}", "DeviceDetail": "{}"} for row in colleagues(4, 12, 9, 6)
    ]
    secops(house, SigninLogs=rows)
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=attacked())
    use = found["details"]["analysis"]["address_use"]
    assert use["regular_accounts"] == use["usual_accounts"] == use["settled_accounts"] == 4
    assert use["guessed_accounts"] == 0
    siem = secops(house)
    siem.failing["run_query"] = DOWN
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=attacked())
    assert any("timed out" in note for note in found["notes"])


def test_the_counts_of_both_ways_agree() -> None:
    rows = colleagues(3, 12, 9, 6)
    events, unreadable = read_tables({"SigninLogs": rows})
    assert not any(unreadable.values())
    before = SUCCESS_AT - timedelta(hours=1)
    [row] = address_rows(events, [ATTACKER], own={"nobody"}, before=before)
    use = address_use(events, ATTACKER, user="nobody", before=before)
    assert (row["RegularAccounts"], row["UsualAccounts"]) == (
        use.regular_accounts,
        use.usual_accounts,
    )
    owner = (events[0].user_principal_name or "").lower()
    [without] = address_rows(events, [ATTACKER], own={owner}, before=before)
    assert without["RegularAccounts"] == row["RegularAccounts"] - 1


async def test_the_evidence_is_what_the_searches_found(house: FakeHouse) -> None:
    login = {
        "TimeGenerated": "2026-11-20T11:59:00Z",
        "UserPrincipalName": NAME,
        "UserId": OBJECT_ID,
        "ResultType": "0",
    }
    secops(house, SigninLogs=[login], OfficeActivity=[rule()])
    payload = {"case": CASE, "user_principal_name": NAME, "round": 1}
    made: Json = (await call(preserve_evidence, **payload))["block"]
    items = {item["name"]: item for item in made["details"]["items"]}
    assert set(items) == {export.name for export in UDM_EXPORTS}
    assert items["udm-sign-ins.jsonl.gz"]["rows"] == 1
    assert items["udm-sign-ins.jsonl.gz"]["query"].startswith('metadata.event_type = "USER_LOGIN"')
    for link in ("exported_ad_logs_link", "exported_firewall_logs_link", "exported_edr_logs_link"):
        assert f"{CASE_ID}/udm-" in made["outputs"][link]


async def test_more_events_than_a_search_gives_are_exported_in_smaller_periods(
    house: FakeHouse,
) -> None:
    rows: list[Json] = [
        rule() | {"TimeGenerated": f"2026-11-20T0{hour}:00:00Z"} for hour in range(9)
    ]
    siem = secops(house, OfficeActivity=rows)
    siem.most = 2
    payload = {"case": CASE, "user_principal_name": NAME, "round": 1}
    made: Json = (await call(preserve_evidence, **payload))["block"]
    items = {item["name"]: item for item in made["details"]["items"]}
    office = items["udm-office-activity.jsonl.gz"]
    assert (office["rows"], office["partial"]) == (9, "")


async def test_a_search_that_fails_says_what_to_collect_by_hand(house: FakeHouse) -> None:
    secops(house).failing["run_query"] = DOWN
    payload = {"case": CASE, "user_principal_name": NAME, "round": 1}
    made: Json = (await call(preserve_evidence, **payload))["block"]
    missing = [one for one in made["details"]["missing"] if one["source"].startswith("UDM")]
    assert len(missing) == len(UDM_EXPORTS)
    assert all(one["by_hand"].startswith("In Google SecOps, SIEM search") for one in missing)


async def test_the_audit_log_is_not_asked_in_another_language(house: FakeHouse) -> None:
    siem = secops(house)
    assert await registrations_since(OBJECT_ID, SUCCESS_AT) is None
    assert siem.called("run_query") == 0


async def test_the_account_at_a_glance_is_in_the_context(house: FakeHouse) -> None:
    siem = secops(house)
    siem.known = {"first_seen": None, "last_seen": "2026-11-20T12:00:00Z", "alerts": {"rule": 2}}
    assert (await call(get_case_context, case=CASE))["account"] == siem.known
    siem.known = None
    assert "account" not in await call(get_case_context, case=CASE)
    siem.failing["look_up_account"] = DOWN
    assert "timed out" in (await call(get_case_context, case=CASE))["error"]


@pytest.mark.parametrize("language", ["kql", "udm"])
async def test_each_language_gets_its_own_queries(house: FakeHouse, language: str) -> None:
    siem = FakeSiem("udm" if language == "udm" else "kql")
    house.providers.siem = siem
    await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert all(("metadata." in query) is (language == "udm") for query in siem.queries)
    assert siem.queries
