"""docs/scoring.md against the ruleset and the code: every number is the true one."""

import re
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from shared import playbook
from shared.models.verdict import Reason
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import log_odds_to_score
from shared.playbook.confidence.scoring_input import ScoringInput, known_inputs
from tests.unit.source_files import ROOT

PAGE = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
RULES = load_ruleset()
NUMBER = r"[+-]?\d+(?:\.\d+)?"


def rows(pattern: str, text: str = PAGE) -> list[tuple[str, ...]]:
    return re.findall(rf"^\| {pattern} \|", text, re.MULTILINE)


def section(title: str) -> str:
    text = PAGE.partition(f"# {title}\n")[2]
    assert text
    return text.partition("\n## ")[0]


def test_weights_groups_and_titles_are_those_of_the_ruleset() -> None:
    documented = rows(rf"`(\w+)` \| ({NUMBER}) \| ([\w-]+) \| ([^|]+)", section("The signals"))
    assert [(name, float(weight), group, title) for name, weight, group, title in documented] == [
        (name, rule.weight, rule.group or "-", rule.title) for name, rule in RULES.signals.items()
    ]


def test_prior_and_thresholds_are_those_of_the_ruleset() -> None:
    numbers = rows(rf"`(\w+)` \| ({NUMBER}) \| [^|]+", section("How the number comes about"))
    assert {name: float(value) for name, value in numbers} == {
        "prior": RULES.prior,
        "high_from": RULES.high_from,
        "low_below": RULES.low_below,
        "minimum_completeness": RULES.minimum_completeness,
        "thin_history_factor": RULES.thin_history_factor,
    }
    assert f"`{RULES.version}`" in PAGE
    assert f"from {RULES.low_below} to {RULES.high_from - 1}" in PAGE


def test_example_adds_up() -> None:
    example = rows(rf"`(\w+)` \| ({NUMBER})", section("An example"))
    reasons = []
    for name, weight in example:
        assert float(weight) == RULES.signals[name].weight
        reasons.append(Reason(id=name, title=name, weight=float(weight), evidence="-"))
    assert len(reasons) == 6
    assert f"= **{log_odds_to_score(RULES.prior, reasons)}**" in PAGE


def test_signals_that_need_history_are_named() -> None:
    named = section("How the number comes about").partition("everything is new:")[2]
    needing = {name for name, rule in RULES.signals.items() if rule.needs_history}
    assert set(re.findall(r"`(\w+)`", named.partition("count half")[0])) == needing


def test_critical_inputs_are_those_of_the_ruleset() -> None:
    table = rows(r"`(\w+)` \| [^|`]+", section("What makes it Medium"))
    assert [str(name) for name in table] == RULES.critical == list(known_inputs(ScoringInput()))
    assert f"(`{'`, `'.join(RULES.required)}`)" in PAGE


def test_constants_are_those_of_the_code() -> None:
    constants = rows(rf"`([\w.]+)\.([A-Z_]+)` \| ({NUMBER}) \| [^|]+ \| [^|]+")
    assert len(constants) > 10
    for module, name, value in constants:
        assert getattr(module_called(module), name) == float(value), name


def module_called(name: str) -> ModuleType:
    """The playbook's module of that name, in whichever of its packages it is."""
    found = [
        module.name
        for module in walk_packages(playbook.__path__, "shared.playbook.")
        if module.name.endswith(f".{name}")
    ]
    assert len(found) == 1, name
    return import_module(found[0])
