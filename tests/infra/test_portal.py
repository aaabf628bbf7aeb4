"""Workbook, alert rules and what the app measures agree; each check notices its mistake."""

import json
import re
import shutil
from typing import Any

import duckdb_kql
import pytest

from shared.models.measurement import INSTRUMENTS, Attributes, Measurement, Metric
from shared.telemetry import measure
from tests.infra.conftest import Seed
from tests.unit.source_files import ROOT
from tools.bicep.check import check_file
from tools.check_kql import ANALYSER, analyse, portal_queries
from tools.infra import portal

WORKBOOK = (ROOT / portal.WORKBOOK).read_text("utf-8")
MODULE = (ROOT / portal.MODULE).read_text("utf-8")
ALERTS = portal.alert_queries(ROOT)
OPERATIONS = ROOT / "docs" / "operations.md"
TITLES = {
    file: title
    for title, file in re.findall(r"title: '([^']+)'.*?alerts/(\w+)\.kql", MODULE, flags=re.DOTALL)
}


def test_the_portal_is_right() -> None:
    assert portal.check(WORKBOOK, ALERTS, MODULE) == []
    assert len(portal.workbook_queries(WORKBOOK)) > 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tourniquet.case.finished", "tourniquet.case.ended", "is not measured"),
        ("tostring(one.vendor)", "tostring(one.user)", "user is no dimension"),
        ('== \\"failed\\"', '== \\"broken\\"', "status is never broken"),
        ('\\"notification_to_containment\\"', '\\"containment\\"', "measure is never containment"),
        ("{PricePerGb}", "{PriceOfGb}", "PriceOfGb is no parameter"),
        ('"piechart"', '"donut"', "donut is no chart"),
        ("Notebook/1.0", "Notebook/2.0", "version"),
        ('"name": "Actions"', '"name": "Blocks"', "there twice"),
        ('"type": 1,', '"type": 2,', "2 is no type in use"),
        ('"items": [', '"items": ', "cannot be read"),
    ],
)
def test_a_mistake_in_the_workbook_is_noticed(old: str, new: str, said: str) -> None:
    assert old in WORKBOOK, "the mistake's place is gone: point it to another"
    assert said in "\n".join(portal.check(WORKBOOK.replace(old, new, 1), ALERTS, MODULE))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("breaker_tripped", '"tripped"', '"open"', "change is never open"),
        ("service_level_missed", '"missed"', '"late"', "call is never late"),
        ("service_level_missed", '"tourniquet.sla.duration"', '"tourniquet.sla.time"', "measured"),
        ("provider_failing", '"throttled"', '"slow"', "outcome is never slow"),
        ("containment_failed", "one.verdict", "one.account", "account is no dimension"),
        ("containment_failed", "one.verdict", 'one["account"]', "nothing checks"),
        ("containment_failed", '"name": "', '"name":"', "does not begin"),
        ("containment_failed", "Message contains", "Message startswith", "does not begin"),
        ("containment_failed", "| summarize", "| where SeverityLevel >= 3\n| summarize", "reads S"),
        ("provider_failing", "one.outcome", "parse_json(Message).result", "reads Message another"),
        ("breaker_tripped", '== "tripped"', 'in~ ("open")', "nothing checks"),
        ("breaker_tripped", "AppTraces", "AppEvents", "no table in use"),
        ("app_unhealthy", "Success == false", "Success == true", "must say failed = sumif"),
        ("app_unhealthy", "failed >= 10", "failed >= 100000", "must say | where failed"),
        ("provider_failing", "failed * 5", "failed * 50", "must say | where failed"),
        ("service_level_missed", "== false", "== true", "must say tobool"),
        ("app_unhealthy", "Success == false", 'ResultCode == "x"', "reads ResultCode"),
    ],
)
def test_a_mistake_in_an_alert_is_noticed(file: str, old: str, new: str, said: str) -> None:
    name = f"{portal.ALERTS}/{file}.kql"
    assert old in ALERTS[name]
    wrong = {**ALERTS, name: ALERTS[name].replace(old, new, 1)}
    assert said in "\n".join(portal.check(WORKBOOK, wrong, MODULE))


def test_what_is_measured_and_not_shown_and_alerts_that_nobody_deploys_are_noticed() -> None:
    less = json.loads(WORKBOOK)
    less["items"] = [one for one in less["items"] if "block.duration" not in json.dumps(one)]
    assert "measured and not shown" in "\n".join(portal.check(json.dumps(less), ALERTS, MODULE))
    assert "not both" in "\n".join(portal.check(WORKBOOK, {}, MODULE))


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("property", "evaluationFrequency", "frequency"),
        ("value", "timeAggregation: 'Count'", "timeAggregation: 1"),
        ("value", "criterionType: 'StaticThresholdCriterion'", "criterionType: 'Static'"),
        ("house", "'PT15M'", "'P15M'"),
        ("value", "scopes: [one.of]", "scopes: 'one.of'"),
        ("required", "    groupShortName: 'tourniquet'\n", ""),
        ("required", "    category: sentinelHere ? 'sentinel' : 'workbook'\n", ""),
        ("undeclared", "guid(workspaceId", "guid(workspace"),
    ],
)
def test_a_mistake_in_the_module_is_noticed(seed: Seed, rule: str, old: str, new: str) -> None:
    files = seed("modules/portal.bicep", old, new)
    found = check_file(files["modules/portal.bicep"], files)
    assert rule in {problem.rule for problem in found}, found


def test_all_kql_of_the_portal_passes_microsofts_parser() -> None:
    service = ANALYSER.parent / "node_modules" / "@kusto" / "language-service-next"
    if shutil.which("node") is None or not service.exists():
        pytest.skip("Microsoft's KQL language service is not installed: tools/setup.sh kusto")
    seeded = {"seeded": "AppTraces | where Massage has 'x'"}
    found = analyse(portal_queries() | seeded, portal.tables())
    assert [one.code for one in found.pop("seeded").problems] == ["KS142"]
    assert [str(one) for each in found.values() for one in each.problems] == []


def test_each_alert_has_its_section_for_the_night() -> None:
    sections = re.findall(r"^## (.+)$", OPERATIONS.read_text("utf-8"), flags=re.MULTILINE)
    assert len(TITLES) == len(ALERTS)
    counted = re.findall(r"title: '([^']+)'", MODULE[MODULE.index("var counts") :])
    assert counted == ["Dead letters", "Incident not handed over", "Events lost"]
    assert {*TITLES.values(), *counted} <= set(sections)
    rules = set(
        re.findall(r"^resource \w+ 'Microsoft\.Insights/(\w+)@", MODULE, flags=re.MULTILINE)
    )
    assert rules == {"actionGroups", "scheduledQueryRules", "metricAlerts", "workbooks"}


def test_what_is_measured_is_in_the_documents_table() -> None:
    said = OPERATIONS.read_text("utf-8")
    for name, made in INSTRUMENTS.items():
        names = ", ".join(f"`{one}`" for one in made.dimensions)
        assert f"| `{name}` | {made.unit} | {made.description} | {names} |" in said
    assert said.count("| `tourniquet.") == len(INSTRUMENTS)


def lines(caplog: pytest.LogCaptureFixture, *measured: Measurement) -> list[dict[str, Any]]:
    """What the host hands on to AppTraces when these are measured."""
    caplog.clear()
    with caplog.at_level("INFO", logger="tourniquet.measurements"):
        for one in measured:
            measure(one)
    return [{"Message": entry.getMessage(), "ItemCount": 1} for entry in caplog.records]


CASE: Attributes = {
    "case_kind": "phishing",
    "mode": "automatic",
    "severity": "High",
    "verdict": "High",
}
MISSED: Attributes = {"measure": "notification_to_review", "met": False}
CALLED: Attributes = {"tier": "L2", "call": "missed", "about": "notification_to_review"}
DENIED: Attributes = {"vendor": "entra", "outcome": "permission_denied", "repeat": "always"}
FIRING: list[tuple[str, list[Measurement]]] = [
    ("containment_failed", [Measurement(Metric.CONTAINMENT_FAILED, 1.0, CASE)]),
    ("service_level_missed", [Measurement(Metric.SLA_DURATION, 901.0, CASE | MISSED)]),
    ("service_level_missed", [Measurement(Metric.SLA_ESCALATIONS, 1.0, CASE | CALLED)]),
    ("breaker_tripped", [Measurement(Metric.BREAKER_CHANGES, 1.0, {"change": "tripped"})]),
    ("provider_failing", [Measurement(Metric.PROVIDER_DURATION, 1.0, DENIED)] * 5),
]
QUIET: list[tuple[str, list[Measurement]]] = [
    (
        "service_level_missed",
        [Measurement(Metric.SLA_DURATION, 9.0, CASE | MISSED | {"met": True})],
    ),
    ("breaker_tripped", [Measurement(Metric.BREAKER_CHANGES, 1.0, {"change": "reset"})]),
    ("provider_failing", [Measurement(Metric.PROVIDER_DURATION, 1.0, DENIED)] * 4),
]


@pytest.mark.parametrize(
    ("file", "measured", "fires"),
    [*((*one, True) for one in FIRING), *((*one, False) for one in QUIET)],
)
def test_an_alert_fires_on_what_the_app_writes(
    caplog: pytest.LogCaptureFixture, file: str, measured: list[Measurement], fires: bool
) -> None:
    """The query as deployed, over the lines as written."""
    assert all(set(one.attributes) == set(INSTRUMENTS[one.name].dimensions) for one in measured)
    connection = duckdb_kql.connect()
    connection.execute("create table AppTraces (Message varchar, ItemCount integer)")
    for row in lines(caplog, *measured):
        connection.execute("insert into AppTraces values (?, ?)", list(row.values()))
    query = ALERTS[f"{portal.ALERTS}/{file}.kql"]
    found = connection.execute(duckdb_kql.to_sql(query)).fetchall()
    assert bool(found) is fires
