"""All KQL of the repository passes Microsoft's parser; each check finds a seeded mistake."""

import json
import shutil
from typing import Any

import pytest

from shared.playbook.acting.exports import AZURE_FIREWALL_EXPORTS, EXPORTS, OKTA_EXPORTS
from shared.playbook.acting.exports_by_address import BY_ADDRESS
from tests.unit.source_files import ROOT
from tools.check_kql import Analysis, analyse, lint, repository_queries, table_schemas

SCHEMAS = table_schemas()
KQL_SERVICE = ROOT / "tools" / "kusto" / "node_modules" / "@kusto" / "language-service-next"
MISTAKES = {
    "KS142": "SigninLogs | where UserPrincipalNam == 'x'",
    "KS204": "SigninLog | take 1",
    "KS211": "SigninLogs | where isempti(UserId)",
    "KS005": "SigninLogs | where (UserId == 'x'",
    "KS106": "SigninLogs | where TimeGenerated + 1 > 2",
    "TQ001": "SigninLogs | where ResultType == 50126",
    "TQ002": "union SigninLogs, AADNonInteractiveUserSignInLogs | project Id, Status",
}
NUMBERED = (
    "SigninLogs | where ResultType != 0",
    "SigninLogs | where 0 == ResultType",
    "SigninLogs | where ResultType in (50126, 50053)",
    "SigninLogs | where ResultType !in (0)",
    "SigninLogs | where toint(ResultType) == 0",
    "let codes = dynamic([50126, 50053]); SigninLogs | where ResultType in (codes)",
)
TEXTUAL = (
    'SigninLogs | where ResultType == "0"',
    'SigninLogs | where ResultType in ("50126", "50053")',
    'let codes = dynamic(["50126"]); SigninLogs | where ResultType in (codes)',
    'SigninLogs | where ResultType == "0" // not ResultType == 0',
    'SigninLogs | project Note = "ResultType == 0"',
    "SigninLogs | where DurationMs == 0",
)


@pytest.fixture(scope="module")
def analyses() -> dict[str, Analysis]:
    if shutil.which("node") is None or not KQL_SERVICE.exists():
        pytest.skip("Microsoft's KQL language service is not installed: tools/setup.sh kusto")
    return analyse(repository_queries() | MISTAKES, SCHEMAS)


def test_every_query_is_right(analyses: dict[str, Analysis]) -> None:
    problems = [str(one) for name in repository_queries() for one in analyses[name].problems]
    assert problems == []


@pytest.mark.parametrize("code", MISTAKES)
def test_seeded_mistake_is_found(analyses: dict[str, Analysis], code: str) -> None:
    assert code in {problem.code for problem in analyses[code].problems}


def test_azures_columns_are_the_labs(analyses: dict[str, Analysis], store: Any) -> None:
    store.load({})
    for name, query in repository_queries().items():
        if name.startswith("infra/detections/"):
            result = store.query(query, None, None)
            assert {one.name: one.type for one in result.columns} == analyses[name].columns, name


@pytest.mark.parametrize("query", NUMBERED)
def test_a_result_compared_with_a_number_is_found(query: str) -> None:
    assert [problem.code for problem in lint("q", query, SCHEMAS)] == ["TQ001"]


@pytest.mark.parametrize("query", TEXTUAL)
def test_a_result_compared_with_text_passes(query: str) -> None:
    assert lint("q", query, SCHEMAS) == []


def test_hunts_and_detections_are_all_checked() -> None:
    files = {
        str(path.relative_to(ROOT))
        for pattern in ("infra/detections/*.yaml", "shared/playbook/hunts/*.kql")
        for path in ROOT.glob(pattern)
    }
    question = "shared/playbook/sign_ins/neighbours_query.py"
    logs = {question, f"{question} with OktaV2_CL", f"{question} with Okta_CL"}
    by_address = (one for one in BY_ADDRESS.values() if not one.table.startswith("UDM "))
    kept = (*EXPORTS, *AZURE_FIREWALL_EXPORTS, *by_address)
    tables = (*(one.source for one in kept), *OKTA_EXPORTS)
    exports = {f"shared/playbook/acting/exports.py, {table}" for table in tables}
    assert set(repository_queries()) == files | logs | exports


def test_the_service_is_pinned_and_locked() -> None:
    folder = ROOT / "tools" / "kusto"
    asked = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all("resolved" not in entry for entry in locked.values()), "no registry's host"
