"""docs/permissions.md against the code: what activities say they need, what providers call."""

import inspect
import re

import pytest

from activities.registry import ACTIVITIES
from shared.providers import entra
from tests.unit.source_files import ROOT, product_files

PAGE = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
VENDORS = ("entra", "sentinel", "azure_firewall", "blob", "servicenow", "slack", "email")

GRAPH = re.compile(r"\b[A-Z][A-Za-z-]*(?:\.[A-Z][A-Za-z]*)+\b")
NEEDS = re.compile(
    r"Microsoft\.\w+/\w+/\w+|"
    + GRAPH.pattern
    + r"|(?:[A-Z][A-Za-z]+ )+(?:Reader|Responder|Contributor|Administrator)\b"
    r"|\bitil\b|\bchat:write\b|VirusTotal|AbuseIPDB|SMTP account"
)
OPERATION = re.compile(
    r'"((?:[a-zA-Z0-9]+\.)+'
    r'(?:get|put|patch|post|delete|dismiss|list|create|properties|send|update|postMessage))"'
    r'|\.(?:send|collect)\(\s*"([A-Za-z0-9.]+)"'
)


def needs(activity: object) -> set[str]:
    """What an activity's docstring asks for under ``Permission:``."""
    text = inspect.getdoc(activity) or ""
    assert "Permission:" in text
    return set(NEEDS.findall(" ".join(text.partition("Permission:")[2].split())))


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda activity: str(activity.__name__))
def test_what_an_activity_needs_is_documented(activity: object) -> None:
    asked = needs(activity)
    assert asked or getattr(activity, "__name__", "") == "decide_response"
    assert not {name for name in asked if name not in PAGE}


def test_graph_permissions_are_those_that_the_code_names() -> None:
    named = {name for activity in ACTIVITIES for name in needs(activity)}
    named |= set(NEEDS.findall(entra.__doc__ or ""))
    section = PAGE.partition("## Microsoft Graph")[2].partition("\n## ")[0]
    assert {name for name in GRAPH.findall(section) if name.endswith((".All", ".Directory"))} == {
        name for name in named if GRAPH.fullmatch(name)
    }


def test_each_operation_that_is_called_is_documented_and_no_other() -> None:
    called = set()
    for file in product_files():
        if file.startswith(tuple(f"shared/providers/{vendor}/" for vendor in VENDORS)):
            found = OPERATION.findall((ROOT / file).read_text(encoding="utf-8"))
            called |= {first or second for first, second in found}
    assert {"users.patch", "revokeSignInSessions", "ipGroups.put", "record.put"} <= called
    documented = {
        name
        for row in re.findall(r"^\| [^|]+ \| (`[^|]+) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`([A-Za-z0-9_.]+)`", row)
    }
    of_other_vendors = {"query", "check", "ip_addresses.get"}
    assert documented - of_other_vendors == called
