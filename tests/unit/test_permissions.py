"""The table of permissions against page, activities, providers and the vendors' own lists."""

import ast
import inspect
import json
import re
from collections import defaultdict
from typing import Any

import pytest

from activities.registry import ACTIVITIES
from shared.permissions import DIRECTORY_ROLES, NEEDS, Need, Section
from shared.settings import Settings
from tests.unit.source_files import ROOT, product_files
from tools.write_permissions import PAGE, render

DATA = ROOT / "tests/data/permissions"
IDS = {
    Section.GRAPH: "graph_app_roles",
    Section.DEFENDER: "defender_app_roles",
    Section.AZURE: "azure_roles",
}
GRAPH = re.compile(r"\b[A-Z][A-Za-z-]*(?:\.[A-Z][A-Za-z]*)+\b")
NAMES = re.compile(
    r"Microsoft\.\w+/\w+/\w+|okta\.\w+\.\w+|"
    + GRAPH.pattern
    + r"|(?:[A-Z][A-Za-z]+ )+(?:Reader|Responder|Contributor|Administrator)\b"
    r"|\bitil\b|\bchat:write\b|VirusTotal|AbuseIPDB|SMTP account"
)
SENDING = frozenset({"request", "send", "collect", "call", "read", "read_all", "query", "order"})
"""Methods of our own whose first argument is the vendor's word for what is called."""
VENDOR_OF = {"sentinel": ("sentinel", "log_analytics")}
"""Provider folders that speak to vendors of other names."""
ASKS_NOBODY = frozenset({"geoip"})
TOKENS = frozenset({"token"})
"""Asking for a token is no permission of its own."""


def official(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def named(need: Need) -> str:
    return f"{need.section}: {need.purpose}"


def test_the_page_is_what_the_code_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert render(text) == text, "run: python tools/write_permissions.py"


@pytest.mark.parametrize("need", [one for one in NEEDS if one.role_id], ids=named)
def test_each_id_is_the_vendors_own(need: Need) -> None:
    assert official(IDS[need.section])[need.permission] == need.role_id


def test_permissions_with_an_id_have_it_in_every_row() -> None:
    own = [one for one in NEEDS if one.section in IDS and one.role_id is None]
    custom = {"azure_firewall", "blob"}
    assert {one.vendor for one in own} <= custom, "a custom role has an id of its own"


@pytest.mark.parametrize("role", DIRECTORY_ROLES, ids=lambda role: str(role.name))
def test_each_directory_role_is_microsofts(role: Any) -> None:
    assert official("directory_roles")[role.name] == role.template_id


@pytest.mark.parametrize("need", [one for one in NEEDS if one.section is Section.GRAPH], ids=named)
def test_each_graph_permission_serves_the_requests_it_is_for(need: Need) -> None:
    for request in need.calls:
        allowed = official("graph_operations")[request]["all"]
        assert not allowed or need.permission in allowed, request


@pytest.mark.parametrize("need", [one for one in NEEDS if one.setting], ids=named)
def test_each_setting_that_switches_something_on_exists(need: Need) -> None:
    assert need.setting in Settings.model_fields
    assert not need.is_on(Settings.model_construct()), "everything with a switch is off by default"


def in_table() -> str:
    return " ".join(f"{need.permission} {need.also}" for need in NEEDS) + " ".join(
        role.name for role in DIRECTORY_ROLES
    )


def asked_for(activity: object) -> set[str]:
    """What an activity's docstring asks for under ``Permission:``."""
    text = inspect.getdoc(activity) or ""
    assert "Permission:" in text
    return set(NAMES.findall(" ".join(text.partition("Permission:")[2].split())))


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda activity: str(activity.__name__))
def test_what_an_activity_asks_for_is_in_the_table(activity: object) -> None:
    text = inspect.getdoc(activity) or ""
    asked = asked_for(activity)
    assert asked or "Permission: none" in text
    assert not {name for name in asked if name not in in_table()}


def called() -> dict[str, set[str]]:
    """Return, by provider folder, the operations that its code names, as patterns."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in product_files():
        parts = file.split("/")
        if file.startswith("shared/providers/") and len(parts) == 4:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            found[parts[2]] |= set(filter(None, map(_operation, ast.walk(tree))))
    return found


def _operation(node: ast.AST) -> str | None:
    """Return the operation that a piece of code names: first argument, keyword or variable."""
    value: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        value = node.args[0] if node.func.attr.strip("_") in SENDING else None
    elif isinstance(node, ast.Assign):
        names = {one.id for one in node.targets if isinstance(one, ast.Name)}
        value = node.value if names & {"operation", "OPERATION"} else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return re.escape(value.value)
    if isinstance(value, ast.JoinedStr):
        pieces = [
            re.escape(str(one.value)) if isinstance(one, ast.Constant) else r"[A-Za-z_]+"
            for one in value.values
        ]
        return "".join(pieces)
    return None


def in_table_by_folder(folder: str) -> set[str]:
    vendors = VENDOR_OF.get(folder, (folder,))
    return {one for need in NEEDS if need.vendor in vendors for one in need.operations}


@pytest.mark.parametrize("folder", sorted(called()))
def test_each_operation_that_a_provider_calls_is_in_the_table(folder: str) -> None:
    wanted = in_table_by_folder(folder)
    missing = {
        pattern
        for pattern in called()[folder]
        if not any(re.fullmatch(pattern, one) for one in (*wanted, *TOKENS))
    }
    assert not missing


@pytest.mark.parametrize("folder", sorted(set(called()) - ASKS_NOBODY))
def test_the_table_names_no_operation_that_nobody_calls(folder: str) -> None:
    patterns = called()[folder]
    source = " ".join(
        (ROOT / file).read_text(encoding="utf-8")
        for file in product_files()
        if file.startswith(f"shared/providers/{folder}/")
    )
    unused = {
        one
        for one in in_table_by_folder(folder)
        if not any(re.fullmatch(pattern, one) for pattern in patterns) and f'"{one}"' not in source
    }
    assert not unused


def test_every_provider_is_looked_at() -> None:
    assert {"entra", "okta", "defender", "blob", "azure_firewall", "servicenow"} <= set(called())
    assert {"revokeSignInSessions"} <= called()["entra"]
    assert r"machines\.isolate" in called()["defender"]
