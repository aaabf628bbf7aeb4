"""Rules of Azure Firewall policies: what makes an IP group more than a list.

One policy is there from the start; a rule of it denies what comes from the app's own group.
"""

import copy
from typing import Any

from lab.simulators.arm import arm_error
from lab.simulators.exchange import Answer, Call, RefusalError

READ = "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read"
POLICY = "perimeter"


class FirewallPolicies:
    """Rule collection groups, each below its policy."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Any]] = {}

    def reset(self, own_group: str) -> None:
        """Go back to the one policy that denies what comes from the app's own IP group."""
        policy = own_group.partition("/ipGroups/")[0] + f"/firewallPolicies/{POLICY}"
        rule = {
            "ruleType": "NetworkRule",
            "name": "compromised-sources",
            "ipProtocols": ["Any"],
            "sourceIpGroups": [own_group],
            "destinationAddresses": ["*"],
            "destinationPorts": ["*"],
        }
        collection = {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": "deny",
            "priority": 100,
            "action": {"type": "Deny"},
            "rules": [rule],
        }
        self._groups = {}
        self._store(
            f"{policy}/ruleCollectionGroups/before-all-others",
            {"properties": {"priority": 100, "ruleCollections": [collection]}},
        )

    def users_of(self, ip_group: str) -> list[dict[str, str]]:
        """References to the policies with a rule that names an IP group."""
        users = {
            group["id"].rpartition("/ruleCollectionGroups/")[0]
            for group in self._groups.values()
            for collection in group["properties"].get("ruleCollections", ())
            for rule in collection.get("rules", ())
            if ip_group.lower() in _groups_of(rule)
        }
        return [{"id": one} for one in sorted(users)]

    async def list(self, call: Call) -> Answer:
        """All rule collection groups of one policy."""
        below = f"{_policy(call)}/ruleCollectionGroups/".lower()
        found = [copy.deepcopy(one) for key, one in self._groups.items() if key.startswith(below)]
        if not found:
            name = call.params["firewallPolicyName"]
            message = f"The Resource 'Microsoft.Network/firewallPolicies/{name}' was not found."
            raise RefusalError(arm_error(404, "ResourceNotFound", message))
        return Answer(200, {"value": found})

    async def put(self, call: Call) -> Answer:
        """Make or replace one rule collection group."""
        name = call.params["ruleCollectionGroupName"]
        resource_id = f"{_policy(call)}/ruleCollectionGroups/{name}"
        known = resource_id.lower() in self._groups
        self._store(resource_id, call.body)
        shown = copy.deepcopy(self._groups[resource_id.lower()])
        return Answer(200 if known else 201, shown, effect=True)

    def _store(self, resource_id: str, document: dict[str, Any]) -> None:
        self._groups[resource_id.lower()] = copy.deepcopy(document) | {
            "id": resource_id,
            "name": resource_id.rpartition("/")[2],
            "type": "Microsoft.Network/FirewallPolicies/RuleCollectionGroups",
        }


def _groups_of(rule: dict[str, Any]) -> set[str]:
    named = (*rule.get("sourceIpGroups", ()), *rule.get("destinationIpGroups", ()))
    return {one.lower() for one in named}


def _policy(call: Call) -> str:
    params = call.params
    return (
        f"/subscriptions/{params['subscriptionId']}/resourceGroups/{params['resourceGroupName']}"
        f"/providers/Microsoft.Network/firewallPolicies/{params['firewallPolicyName']}"
    )
