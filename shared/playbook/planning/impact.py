"""Impact: how much is at stake with an account. Never part of the score.

How likely a compromise is and how bad it would be are two questions (DESIGN section 6). Impact
decides who may act (``guard_rails``) and how loud the ticket is.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Literal

from shared.models.account_kind import AccountKind
from shared.models.base import Model
from shared.playbook.intake.fields import one_line

SENSITIVE = frozenset({AccountKind.PRIVILEGED, AccountKind.VIP, AccountKind.BREAK_GLASS})
"""Kinds that make a ticket loud: seed 004 section 9, "highly sensitive account"."""
_ROLES_NAMED = 3

type Severity = Literal["High", "Medium", "Low"]


class ImpactLevel(StrEnum):
    """How much is at stake."""

    HIGH = "high"
    ORDINARY = "ordinary"
    UNKNOWN = "unknown"
    """What kind of account it is could not be established."""


class Impact(Model):
    """What is at stake, why, and how loud the ticket is for it."""

    level: ImpactLevel
    kinds: list[AccountKind]
    why: list[str]
    ticket_severity: Severity


def impact_of(
    kinds: Collection[AccountKind],
    roles: Sequence[str] = (),
    *,
    eligible: Sequence[str] = (),
    confidence: str | None,
) -> Impact:
    """Return the impact of a compromise of such an account; order of arguments does not matter.

    Args:
        kinds: what kind of account it is.
        roles: directory roles that it holds.
        eligible: directory roles that it may activate.
        confidence: the verdict's.
    """
    why = [_why(kind, roles, eligible) for kind in sorted(kinds)]
    level = ImpactLevel.HIGH
    if not kinds or set(kinds) == {AccountKind.UNKNOWN}:
        level, why = ImpactLevel.UNKNOWN, ["What kind of account it is could not be established."]
    elif set(kinds) == {AccountKind.ORDINARY}:
        level = ImpactLevel.ORDINARY
    return Impact(
        level=level,
        kinds=sorted(kinds),
        why=why,
        ticket_severity=ticket_severity(confidence, kinds),
    )


def ticket_severity(given: str | None, kinds: Collection[str]) -> Severity:
    """Return how loud the ticket is: as sure as we are, High for a sensitive account.

    Args:
        given: the confidence, or the incident's severity before there is one.
        kinds: kinds of the account (``AccountKind`` values).
    """
    if given == "High" or (given != "Low" and SENSITIVE.intersection(kinds)):
        return "High"
    return "Medium" if given == "Medium" else "Low"


def _why(kind: AccountKind, roles: Sequence[str], eligible: Sequence[str]) -> str:
    if kind is AccountKind.PRIVILEGED and roles:
        may = f"; eligible for role {_named(eligible)}" if eligible else ""
        return f"Privileged: holds {_named(roles)}{may}; who has it can change the tenant."
    if kind is AccountKind.PRIVILEGED and eligible:
        return (
            f"Privileged: eligible for role {_named(eligible)}; who signs in as this account may "
            "activate it."
        )
    return {
        AccountKind.ORDINARY: "An ordinary account: no directory role, not listed as sensitive.",
        AccountKind.PRIVILEGED: "Privileged: holds a directory role.",
        AccountKind.VIP: "VIP: listed as such; mail and decisions of weight.",
        AccountKind.SERVICE: "Service account: what runs under it stops when it is contained.",
        AccountKind.GUEST: "Guest: lives in another organisation, which has to contain it.",
        AccountKind.BREAK_GLASS: "Break-glass: the organisation's last way in, with every right.",
        AccountKind.UNKNOWN: "What else it is could not be established.",
    }[kind]


def _named(roles: Sequence[str]) -> str:
    named = ", ".join(one_line(role, 80) for role in sorted(roles)[:_ROLES_NAMED])
    more = f" and {len(roles) - _ROLES_NAMED} more" if len(roles) > _ROLES_NAMED else ""
    return f"{named}{more}"
