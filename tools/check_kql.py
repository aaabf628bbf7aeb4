"""Checks all KQL of the repository: `tools/check_kql.py`.

The detections in ``infra/detections/``, the hunts, the exports of evidence, the question about
addresses, and what workbook and alert rules ask are parsed and checked against the tables' schemas
with Microsoft's own language service, and then for what it lets pass.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from lab.simulators.kql.lint import union_conflict  # noqa: E402
from shared.kql import let_statements  # noqa: E402
from shared.playbook.acting.exports import (  # noqa: E402
    AZURE_FIREWALL_EXPORTS,
    EXPORTS,
    OKTA_EXPORTS,
)
from shared.playbook.acting.exports_by_address import BY_ADDRESS, PARAMETER  # noqa: E402
from shared.playbook.hunts import load_hunts  # noqa: E402
from shared.playbook.sign_ins.neighbours_query import OktaTable, neighbours_query  # noqa: E402
from tools.detection_rules import load_rules  # noqa: E402
from tools.infra import portal  # noqa: E402

TABLES_FILE = ROOT / "lab" / "simulators" / "specs" / "azure-monitor-tables.json"
ANALYSER = ROOT / "tools" / "kusto" / "analyse.js"
HUNT_PARAMETERS = {
    "userId": "7a6c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11",
    "userPrincipalName": "adele@contoso.example",
    "accountName": "adele",
    "onPremisesName": "avance",
    "addresses": ["203.0.113.7"],
    PARAMETER: ["203.0.113.7"],
}
ADDRESS_PARAMETERS = HUNT_PARAMETERS | {"attackDay": datetime(2026, 11, 20, tzinfo=UTC)}
ADDRESS_LOGS: tuple[OktaTable | None, ...] = (None, "OktaV2_CL", "Okta_CL")
_NUMBERED_RESULT = re.compile(
    r"\bResultType\b\s*(?:==|!=|=~|!~|<=?|>=?)\s*-?\d"
    r"|(?<![\w\"'])-?\d+\s*(?:==|!=)\s*ResultType\b"
    r"|\bResultType\b\s*!?in~?\s*\(\s*-?\d"
    r"|\bto(?:int|long)\s*\(\s*ResultType\s*\)"
)
_NUMBERED_LIST = re.compile(r"\blet\s+(\w+)\s*=\s*dynamic\s*\(\s*\[\s*-?\d")
_TEXT = re.compile(r'@?"(?:[^"\\\n]|\\.)*"|//[^\n]*')

type Schemas = dict[str, dict[str, str]]


class Problem(NamedTuple):
    """Something wrong with a query."""

    query: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.query}:{self.line}: {self.code} {self.message}"


class Analysis(NamedTuple):
    """What the language service and the own rules say of a query."""

    problems: list[Problem]
    columns: dict[str, str]
    """Name and KQL type of the result's columns."""


def table_schemas() -> Schemas:
    """Return column types by table, from Microsoft's table reference."""
    schemas: Schemas = json.loads(TABLES_FILE.read_text(encoding="utf-8"))["tables"]
    return schemas


def repository_queries() -> dict[str, str]:
    """Return every query of the repository as it is sent, by file."""
    prelude = let_statements(HUNT_PARAMETERS)
    hunts = {f"shared/playbook/hunts/{hunt.id}.kql": prelude + hunt.query for hunt in load_hunts()}
    rules = {f"infra/detections/{name}.yaml": rule.query for name, rule in load_rules().items()}
    values = let_statements(ADDRESS_PARAMETERS)
    others = {_name_of(table): values + neighbours_query(table) for table in ADDRESS_LOGS}
    by_address = (one for one in BY_ADDRESS.values() if not one.table.startswith("UDM "))
    kept = (*EXPORTS, *AZURE_FIREWALL_EXPORTS, *OKTA_EXPORTS.values(), *by_address)
    exports = {
        f"shared/playbook/acting/exports.py, {export.source}": prelude + export.query
        for export in kept
    }
    return rules | hunts | others | exports


def portal_queries() -> dict[str, str]:
    """Return what workbook and alert rules ask about the app itself."""
    workbook = (ROOT / portal.WORKBOOK).read_text(encoding="utf-8")
    return portal.alert_queries(ROOT) | portal.workbook_queries(workbook)


def _name_of(table: OktaTable | None) -> str:
    return "shared/playbook/sign_ins/neighbours_query.py" + (f" with {table}" if table else "")


def analyse(queries: dict[str, str], schemas: Schemas) -> dict[str, Analysis]:
    """Analyse queries.

    Raises:
        FileNotFoundError: Node.js is not installed.
        subprocess.CalledProcessError: the language service could not run.
    """
    request = json.dumps({"tables": schemas, "queries": queries})
    answer = subprocess.run(
        ["node", ANALYSER], input=request, capture_output=True, text=True, check=True
    )
    analyses = {}
    for name, found in json.loads(answer.stdout).items():
        problems = [
            Problem(name, item["line"], item["code"], item["message"]) for item in found["problems"]
        ]
        problems += lint(name, queries[name], schemas)
        analyses[name] = Analysis(problems, found["columns"])
    return analyses


def lint(name: str, query: str, schemas: Schemas) -> list[Problem]:
    """Return what the language service lets pass and Log Analytics answers differently.

    ``ResultType`` is text: compared with a number it never matches what was meant. A bare union of
    tables that disagree on a column's type splits the column in two.
    """
    problems = []
    code = _TEXT.sub(lambda text: '""' if '"' in text.group()[:2] else "", query)
    listed = "|".join(_NUMBERED_LIST.findall(code))
    patterns = [_NUMBERED_RESULT]
    if listed:
        patterns.append(re.compile(rf"\bResultType\b\s*!?in~?\s*\(\s*(?:{listed})\s*\)"))
    for pattern in patterns:
        for found in pattern.finditer(code):
            line = code[: found.start()].count("\n") + 1
            message = "ResultType is text: write its codes in quotes"
            problems.append(Problem(name, line, "TQ001", message))
    conflict = union_conflict(query, schemas)
    if conflict:
        problems.append(Problem(name, 1, "TQ002", conflict))
    return problems


def main() -> int:
    """Check every query; print what is wrong."""
    analyses = analyse(repository_queries(), table_schemas())
    analyses |= analyse(portal_queries(), portal.tables())
    problems = [problem for analysis in analyses.values() for problem in analysis.problems]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{len(analyses)} queries are right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
