"""Impact beside confidence: who it is about, and how loud the ticket is."""

import pytest

from shared.models.account_kind import AccountKind
from shared.playbook.planning.impact import ImpactLevel, impact_of, ticket_severity

Kind = AccountKind


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        ({Kind.ORDINARY}, ImpactLevel.ORDINARY),
        (set(), ImpactLevel.UNKNOWN),
        ({Kind.UNKNOWN}, ImpactLevel.UNKNOWN),
        ({Kind.UNKNOWN, Kind.VIP}, ImpactLevel.HIGH),
        ({Kind.SERVICE}, ImpactLevel.HIGH),
        ({Kind.GUEST, Kind.PRIVILEGED}, ImpactLevel.HIGH),
    ],
)
def test_level_and_a_sentence_for_every_kind(kinds: set[Kind], level: ImpactLevel) -> None:
    impact = impact_of(kinds, confidence="Medium")
    assert impact.level is level
    assert len(impact.why) == max(1, len(kinds))
    assert impact.kinds == sorted(kinds)


def test_roles_are_named_and_the_rest_counted() -> None:
    impact = impact_of({Kind.PRIVILEGED}, ["d", "b", "a", "c"], confidence="High")
    assert impact.why == ["Privileged: holds a, b, c and 1 more; who has it can change the tenant."]


def test_roles_that_may_be_activated_are_named_as_such() -> None:
    impact = impact_of({Kind.PRIVILEGED}, eligible=["b", "a"], confidence="High")
    assert impact.why == [
        "Privileged: eligible for role a, b; who signs in as this account may activate it."
    ]
    impact = impact_of({Kind.PRIVILEGED}, ["c"], eligible=["a"], confidence="High")
    assert impact.why == [
        "Privileged: holds c; eligible for role a; who has it can change the tenant."
    ]


@pytest.mark.parametrize(
    ("given", "kinds", "severity"),
    [
        ("High", {Kind.ORDINARY}, "High"),
        ("Medium", {Kind.ORDINARY}, "Medium"),
        ("Medium", {Kind.VIP}, "High"),
        ("Low", {Kind.BREAK_GLASS}, "Low"),
        ("Medium", {Kind.SERVICE}, "Medium"),
        (None, set(), "Low"),
        (None, {Kind.PRIVILEGED}, "High"),
    ],
)
def test_a_sensitive_account_makes_the_ticket_loud(
    given: str | None, kinds: set[Kind], severity: str
) -> None:
    assert ticket_severity(given, kinds) == severity
