"""What `make doctor` says of what the app fills: does anything block what is in it?"""

from typing import Any

import pytest

from shared.models.case import OperatingMode
from shared.models.check import Checked
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient
from shared.settings import Settings
from tests.contract.processes import Lab
from tools.doctor.blocking import check_blocking

LOCATION = "0d6b1b0e-6d7e-4c0b-8c2f-0c8a3f5e7a11"
EVERYBODY = {"includeUsers": ["All"], "excludeUsers": ["9b0c9a52-0000-4000-8000-000000000001"]}
GUESTS = {
    "guestOrExternalUserTypes": "b2bCollaborationGuest",
    "externalTenants": {"membershipKind": "all"},
}
CONDITIONS: dict[str, Any] = {
    "users": EVERYBODY,
    "applications": {"includeApplications": ["All"]},
    "clientAppTypes": ["all"],
    "locations": {"includeLocations": [LOCATION]},
}


def policy(**changes: Any) -> dict[str, Any]:
    conditions = CONDITIONS | changes.pop("conditions", {})
    return {
        "id": "c2f1a8d0-0000-4000-8000-000000000002",
        "displayName": "Block attackers",
        "state": "enabled",
        "conditions": conditions,
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    } | changes


@pytest.fixture
def acting(settings: Settings) -> Settings:
    """Settings of an app that acts, with a named location and an IP group."""
    return settings.model_copy(
        update={"named_location_id": LOCATION.upper(), "mode": OperatingMode.AUTOMATIC}
    )


async def line(settings: Settings, area: str) -> Checked:
    [found] = [one for one in await check_blocking(settings) if one.area == area]
    return found


@pytest.mark.parametrize(
    ("policies", "status", "detail"),
    [
        ([policy()], "ok", '"Block attackers" blocks it, except 1 users, groups or roles'),
        (
            [policy(conditions={"locations": {"includeLocations": ["All"]}})],
            "ok",
            '"Block attackers" blocks it',
        ),
        ([], "missing", "no enabled policy blocks it, none is there"),
        (
            [policy(state="enabledForReportingButNotEnforced"), policy(state="disabled")],
            "missing",
            'only "Block attackers" (report-only), "Block attackers" (off)',
        ),
        ([policy(grantControls={"operator": "OR", "builtInControls": ["mfa"]})], "missing", "none"),
        ([policy(grantControls=None)], "missing", "none"),
        (
            [
                policy(
                    conditions={
                        "locations": {"includeLocations": ["All"], "excludeLocations": [LOCATION]}
                    }
                )
            ],
            "missing",
            "none",
        ),
        (
            [
                policy(
                    conditions={
                        "locations": {"includeLocations": [LOCATION], "excludeLocations": ["All"]}
                    }
                )
            ],
            "missing",
            "none",
        ),
        (
            [
                policy(
                    conditions={
                        "users": EVERYBODY | {"excludeGuestsOrExternalUsers": GUESTS},
                        "applications": {
                            "includeApplications": ["All"],
                            "applicationFilter": {"mode": "exclude", "rule": "x"},
                        },
                        "locations": {
                            "includeLocations": ["All"],
                            "excludeLocations": ["AllTrusted"],
                        },
                    }
                )
            ],
            "warning",
            "it filters the resources by their attributes; it excludes guests or other external"
            " users; it excludes 1 locations, the trusted ones among them",
        ),
        (
            [
                policy(
                    conditions={
                        "users": {"includeGroups": ["g"]},
                        "applications": {
                            "includeApplications": ["Office365"],
                            "excludeApplications": ["x"],
                        },
                        "clientAppTypes": ["browser"],
                        "signInRiskLevels": ["high"],
                    }
                )
            ],
            "warning",
            "not for all users; it is not for all resources; it excludes 1 resources; it is for"
            " browser only; it has conditions: signInRiskLevels",
        ),
    ],
)
async def test_a_location_is_blocked_only_by_an_enabled_policy(
    lab: Lab, acting: Settings, policies: list[dict[str, Any]], status: str, detail: str
) -> None:
    lab.tenant(directory={"conditionalAccessPolicies": policies})
    found = await line(acting, "Conditional Access")
    assert (found.status, found.what) == (status, "policy that blocks the named location")
    assert detail in found.detail


async def test_policies_that_may_not_be_read_are_a_line(lab: Lab, acting: Settings) -> None:
    lab.fault("entra", "status", operation="policies.list", value=403)
    found = await line(acting, "Conditional Access")
    assert found.status == "warning"
    assert "policies cannot be read" in found.detail and "403" in found.detail


async def test_what_is_not_configured_is_not_asked(lab: Lab, settings: Settings) -> None:
    off = settings.model_copy(update={"named_location_id": None, "firewall_ip_group_id": None})
    assert await check_blocking(off) == []
    assert lab.call("GET", "ledger") == []


async def rules(settings: Settings, *, action: str = "Deny", group: str | None = None) -> None:
    """Put other rules in the place of the policy's."""
    own = settings.firewall_ip_group_id or ""
    rule = {"ruleType": "NetworkRule", "name": "r", "sourceIpGroups": [group or own]}
    collection = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "c",
        "action": {"type": action},
        "rules": [rule],
    }
    client = VendorClient(
        "azure_firewall",
        settings.arm_url,
        settings=settings,
        authorize=bearer(scope(RESOURCE_MANAGER, settings.arm_url)),
    )
    path = "firewallPolicies/perimeter/ruleCollectionGroups/before-all-others"
    await client.request(
        "ruleCollectionGroups.put",
        "PUT",
        f"{own.partition('ipGroups/')[0]}{path}",
        params={"api-version": "2026-03-01"},
        json={"properties": {"priority": 100, "ruleCollections": [collection]}},
        ok=(200, 201),
    )


async def test_a_group_is_blocked_by_a_rule_that_denies_it(lab: Lab, acting: Settings) -> None:
    found = await line(acting, "Azure Firewall")
    assert (found.status, found.what) == ("ok", "rule that denies the IP group")
    rule = "perimeter: before-all-others/deny/compromised-sources"
    not_checked = "protocols, ports, destinations, and allow rules before it"
    assert found.detail == f"{rule} (not checked: its {not_checked})"
    assert not [one for one in lab.call("GET", "ledger") if one["effect"] or "violation" in one]


async def test_a_rule_that_allows_is_none(lab: Lab, acting: Settings) -> None:
    await rules(acting, action="Allow")
    found = await line(acting, "Azure Firewall")
    assert found.status == "missing"
    assert "perimeter uses it, but no rule denies what comes from it" in found.detail


async def test_a_group_that_nothing_uses_blocks_nobody(lab: Lab, acting: Settings) -> None:
    await rules(acting, group=f"{acting.firewall_ip_group_id}-other")
    found = await line(acting, "Azure Firewall")
    assert found.status == "missing"
    assert "no firewall or policy uses it" in found.detail
    watching = acting.model_copy(update={"mode": OperatingMode.OBSERVE})
    assert (await line(watching, "Azure Firewall")).status == "warning"


async def test_rules_that_may_not_be_read_are_a_line(lab: Lab, acting: Settings) -> None:
    action = "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read"
    lab.tenant(directory={"appPermissionsWithheld": [action]})
    found = await line(acting, "Azure Firewall")
    assert found.status == "warning"
    assert "the rules of perimeter cannot be read" in found.detail and action in found.detail
