"""docs/report-rubric.md: what it quotes stands in the report, and its points add up."""

import re
from html.parser import HTMLParser

import pytest

from shared.pages import render_report
from tests.support.kept_cases import kept_case
from tests.unit.source_files import ROOT

TEXT = (ROOT / "docs" / "report-rubric.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if re.match(r"\| .* \| \**\d+\** \| \**\d+\** \|", line)
]
PHASES = {"Preparation": 10, "Identification": 20, "Containment": 30,
          "Eradication and recovery": 20, "Diagram": 10, "Metadata": 10}  # fmt: skip
"""The rubric's own points, of its revision 72a6863."""


class Words(HTMLParser):
    """The words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def words(case: str) -> str:
    html = render_report(kept_case(case)).partition("<body>")[2]
    return " ".join("".join(Words(html).found).split())


def number(cell: str) -> int:
    return int(cell.strip("*"))


def is_phase(row: list[str]) -> bool:
    return row[0].startswith("**")


def test_the_points_are_the_rubric_s_and_add_up() -> None:
    phases = [row for row in ROWS if is_phase(row)]
    assert {row[0].strip("*"): number(row[1]) for row in phases} == PHASES
    sums: dict[str, list[int]] = {}
    for row in ROWS:
        if is_phase(row):
            current = row[0]
            sums[current] = [0, 0]
        else:
            assert 0 <= number(row[2]) <= number(row[1]), row[0]
            sums[current][0] += number(row[1])
            sums[current][1] += number(row[2])
    assert sums == {row[0]: [number(row[1]), number(row[2])] for row in phases}
    total = sum(number(row[2]) for row in phases)
    assert f"**{total} of 100.**" in TEXT


@pytest.mark.parametrize("row", [row for row in ROWS if not is_phase(row)], ids=lambda row: row[0])
def test_what_a_line_quotes_stands_in_the_report(row: list[str]) -> None:
    quotes = re.findall(r"`([^`]+)`", row[-1])
    assert quotes or number(row[2]) == 0, "no points without evidence"
    page = words("manual")
    assert [quote for quote in quotes if quote not in page] == []


def test_a_line_that_loses_points_says_why() -> None:
    assert [row[0] for row in ROWS if not is_phase(row)
            and number(row[2]) < number(row[1]) and ". " not in row[0]] == []  # fmt: skip


def test_what_fails_a_response_is_said_as_it_is() -> None:
    assert "by the policy, without a person" in words("brute-force")
    assert "Ticket INC0010001" in words("manual")
    record = kept_case("manual")
    decided = record["decision"]["decided_at"]
    assert all(one["at"] > decided for one in record["actions"]), "nothing before the decision"


def test_who_decided_and_who_closed_is_said_as_the_record_has_it() -> None:
    record = kept_case("manual")
    sla, events = record["sla"], [one["event"] for one in record["timeline"]]
    assert record["decision"]["identity"].startswith("signed-in:")
    assert sla["reviewed_by"] == record["decision"]["decided_by"] == "ana.lyst@contoso.example"
    assert "An analyst signed in and decided;" in TEXT
    by = sla["closed_by"]
    assert f"acknowledged by {by}" in events
    assert any(one.startswith(f"closed by {by}") for one in events)
    assert f"which the record names as `{by}`" in TEXT
