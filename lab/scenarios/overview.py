"""All scenarios at a glance: the tables of docs/scenarios.md."""

from collections import Counter
from collections.abc import Iterator

from lab.scenarios.expectation import Expectation
from lab.scenarios.loader import list_scenarios, load_scenario
from lab.scenarios.models import Scenario, Truth

HEADINGS = {
    Truth.COMPROMISED: "Somebody else is in the account",
    Truth.STOPPED: "Tried, and stopped",
    Truth.BENIGN: "Looks like an attack, and is none",
}


def markdown_tables() -> str:
    """Return one table for each truth: name, expected verdict, title."""
    scenarios = [load_scenario(name) for name in list_scenarios()]
    return "\n".join(line for truth in Truth for line in _table(truth, scenarios))


def expected_verdict(expect: Expectation) -> str:
    """Return the expected confidence in a few characters; of several cases ``High, 3 Low``."""
    if not expect.accounts:
        return str(expect.confidence or "-")
    counts = Counter(case.confidence for case in expect.accounts.values())
    return ", ".join(
        f"{count} {name}" if count > 1 else f"{name}" for name, count in counts.items()
    )


def _table(truth: Truth, scenarios: list[Scenario]) -> Iterator[str]:
    yield f"### {HEADINGS[truth]}"
    yield ""
    yield "| Scenario | Verdict | What it shows |"
    yield "| --- | --- | --- |"
    for scenario in scenarios:
        if scenario.truth is truth:
            verdict = expected_verdict(scenario.expect)
            mode = f" (mode `{scenario.mode}`)" if scenario.mode else ""
            yield f"| `{scenario.name}` | {verdict} | {scenario.title}{mode} |"
    yield ""
