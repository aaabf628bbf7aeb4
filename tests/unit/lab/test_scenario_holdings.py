"""What the vendors hold is looked at by path and pattern, and nothing fits by chance."""

import pytest

from lab.scenarios.checker import check
from lab.scenarios.expectation import Expectation
from lab.scenarios.holdings import unlike, values_at
from lab.scenarios.played import Played

HELD = {
    "incidents": [
        {"properties": {"status": "Closed"}, "tasks": [{"title": "Call [Dana]"}]},
        {"properties": {"status": "New", "owner": None}, "tasks": []},
    ],
    "pages": [],
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("incidents.*.properties.status", ["Closed", "New"]),
        ("incidents.1.properties.status", ["New"]),
        ("incidents.2.properties.status", []),
        ("incidents.*.properties.*", ["Closed", "New", "None"]),
        ("incidents.*.tasks", []),
        ("incidents.properties", []),
        ("pages.*.status", []),
        ("nothing.*.at.all", []),
    ],
)
def test_a_path_leads_to_every_value(path: str, values: list[str]) -> None:
    assert values_at(HELD, path) == values


@pytest.mark.parametrize(
    ("path", "patterns", "why"),
    [
        ("incidents.*.properties.status", ["Closed", "N*"], None),
        ("incidents.*.tasks.*.title", ["Call [Dana]", "*[[]*"], "no *[[]* at"),
        ("incidents.0.properties.status", ["New"], "no New at incidents.0.properties.status: Clos"),
        ("pages.*.status", ["*"], "no * at pages.*.status: nothing"),
        ("incidents.0.properties.status", ["?losed"], "no ?losed at"),
    ],
)
def test_every_pattern_fits_a_value(path: str, patterns: list[str], why: str | None) -> None:
    found = unlike(HELD, path, patterns)
    assert (found is None) is (why is None)
    assert (found or "").startswith(why or "")


def test_a_holding_is_one_line_of_the_result() -> None:
    wanted = {"what": "it is open", "at": "incidents.0.properties.status", "fits": "Active"}
    expect = Expectation.model_validate({"holds": [wanted]})
    [line] = [one for one in check(expect, Played(held=HELD)) if one.expected == "it is open"]
    assert not line.held
    assert line.seen == "no Active at incidents.0.properties.status: Closed"
