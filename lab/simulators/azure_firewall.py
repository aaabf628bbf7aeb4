"""Azure Firewall's IP groups, and rules that use them, through Azure Resource Manager.

Operations: ``ipGroups.get``, ``ipGroups.put``, ``operations.get`` (polling the long-running
PUT), ``permissions.list`` (what the app may do to a group), ``ruleCollectionGroups.list`` and
``ruleCollectionGroups.put`` of firewall policies. The target is the group's name. A PUT
answers at once with ``provisioningState: Updating`` and an ``Azure-AsyncOperation`` address; a
second PUT before it has finished gets 409 ``AnotherOperationInProgress``, as only one update at a
time is possible in Azure.
"""

import copy
import ipaddress
import time
import uuid
from typing import Any, ClassVar

from lab.simulators.arm import ArmVendor, arm_error
from lab.simulators.entra_token import TokenAuthority
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.firewall_policies import READ, FirewallPolicies
from lab.simulators.specification import Specification

MAX_ADDRESSES = 5000
"""Addresses in one IP group (Azure's documented limit)."""
PLACEHOLDER = "192.0.2.1"
"""An address of a documentation network: a rule with an empty group would be skipped."""
API_VERSION = "2026-03-01"
_ACTIONS = ("Microsoft.Network/ipGroups/read", "Microsoft.Network/ipGroups/write")
"""Of the custom role that the app holds on its group."""


class AzureFirewall(ArmVendor):
    """IP groups; the one of the app's settings exists from the start."""

    name: ClassVar[str] = "azure_firewall"

    def __init__(self, authority: TokenAuthority, delay: float) -> None:
        super().__init__(authority, Specification("azure-network.json", ignore_case=True))
        self._own_group = authority.settings.tourniquet_firewall_ip_group_id
        self._delay = delay
        self._groups: dict[str, dict[str, Any]] = {}
        self._busy_until: dict[str, float] = {}
        self._operations_until: dict[str, float] = {}
        self._policies = FirewallPolicies()
        self.reset()

    def reset(self) -> None:
        """Go back to the app's own group with its placeholder."""
        self._busy_until.clear()
        self._operations_until.clear()
        self._groups.clear()
        self._policies.reset(self._own_group)
        group = {"location": "westeurope", "tags": {}, "properties": {"ipAddresses": [PLACEHOLDER]}}
        self._store(self._own_group, group)

    def snapshot(self) -> dict[str, Any]:
        """The groups as GET shows them."""
        return {"ipGroups": [self._shown(key) for key in self._groups]}

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        name = "ipGroupsName"
        return {
            "IpGroups_Get": Operation("ipGroups.get", self._get, name),
            "IpGroups_CreateOrUpdate": Operation("ipGroups.put", self._put, name),
            "FirewallPolicyRuleCollectionGroups_List": Operation(
                "ruleCollectionGroups.list", self._list_rules, "firewallPolicyName"
            ),
            "FirewallPolicyRuleCollectionGroups_CreateOrUpdate": Operation(
                "ruleCollectionGroups.put", self._policies.put, "ruleCollectionGroupName"
            ),
        }

    async def _list_rules(self, call: Call) -> Answer:
        if READ in self._authority.permissions_withheld:
            message = f"The client does not have authorization to perform action '{READ}'."
            return arm_error(403, "AuthorizationFailed", message)
        return await self._policies.list(call)

    def unmatched(self, call: Call) -> Operation | None:
        """Serve the address of a long-running operation."""
        parts = call.path.lower().split("/")
        if call.method == "GET" and "microsoft.network" in parts and parts[-2] == "operations":
            return Operation("operations.get", self._poll)
        if call.method == "GET" and parts[-2:] == ["microsoft.authorization", "permissions"]:
            return Operation("permissions.list", self._permissions)
        return None

    async def _permissions(self, call: Call) -> Answer:
        """Say what the app may do to a group, as Azure's authorization does for any resource."""
        held = [one for one in _ACTIONS if one not in self._authority.permissions_withheld]
        return Answer(200, {"value": [{"actions": held, "notActions": []}]})

    async def _get(self, call: Call) -> Answer:
        key = _resource_id(call).lower()
        if key not in self._groups:
            raise _missing(call)
        shown = self._shown(key)
        return Answer(200, shown, {"ETag": f'"{shown["etag"]}"'})

    async def _put(self, call: Call) -> Answer:
        if _ACTIONS[1] in self._authority.permissions_withheld:
            message = f"The client does not have authorization to perform action '{_ACTIONS[1]}'."
            return arm_error(403, "AuthorizationFailed", message)
        resource_id = _resource_id(call)
        key = resource_id.lower()
        before = self._groups.get(key)
        self._check(call, key, before)
        given = call.body
        _check_addresses(given.get("properties", {}).get("ipAddresses", []))
        group = {
            "location": given["location"],
            "tags": given.get("tags", {}),
            "properties": {"ipAddresses": given.get("properties", {}).get("ipAddresses", [])},
        }
        old = before["properties"]["ipAddresses"] if before else []
        new = group["properties"]["ipAddresses"]
        effect = before is None or set(old) != set(new) or before["tags"] != group["tags"]
        self._store(resource_id, group)
        operation_id = str(uuid.uuid4())
        done = time.monotonic() + self._delay
        self._busy_until[key] = self._operations_until[operation_id] = done
        address = (
            f"{call.base_url}/subscriptions/{call.params['subscriptionId']}/providers"
            f"/Microsoft.Network/locations/{group['location']}/operations/{operation_id}"
            f"?api-version={API_VERSION}"
        )
        detail = {
            "added": [a for a in new if a not in old],
            "removed": [a for a in old if a not in new],
        }
        headers = {"Azure-AsyncOperation": address, "Retry-After": "0"}
        status = 200 if before else 201
        return Answer(status, self._shown(key), headers, effect=effect, detail=detail)

    def _check(self, call: Call, key: str, before: dict[str, Any] | None) -> None:
        if self._is_busy(key):
            message = "Another operation on this or dependent resource is in progress."
            raise RefusalError(arm_error(409, "AnotherOperationInProgress", message))
        wanted = call.headers.get("If-Match", "").strip('"')
        if wanted and wanted != "*" and (before is None or wanted != before["etag"]):
            message = f"Precondition failed. Etag provided in if-match header {wanted} is old."
            raise RefusalError(arm_error(412, "PreconditionFailed", message))
        if not call.body.get("location"):
            message = "The location property is required for this definition."
            raise RefusalError(arm_error(400, "LocationRequired", message))

    async def _poll(self, call: Call) -> Answer:
        done = self._operations_until.get(call.path.rpartition("/")[2])
        if done is None:
            return arm_error(404, "OperationNotFound", "The operation was not found.")
        finished = time.monotonic() >= done
        body = {"status": "Succeeded" if finished else "InProgress"}
        return Answer(200, body, {} if finished else {"Retry-After": "0"})

    def _is_busy(self, key: str) -> bool:
        return time.monotonic() < self._busy_until.get(key, 0)

    def _store(self, resource_id: str, group: dict[str, Any]) -> None:
        known = self._groups.get(resource_id.lower(), {})
        self._groups[resource_id.lower()] = {
            "id": known.get("id", resource_id),
            "name": resource_id.rpartition("/")[2],
            "type": "Microsoft.Network/ipGroups",
            "etag": str(uuid.uuid4()),
            **copy.deepcopy(group),
        }

    def _shown(self, key: str) -> dict[str, Any]:
        group = copy.deepcopy(self._groups[key])
        state = "Updating" if self._is_busy(key) else "Succeeded"
        group["properties"] |= {
            "provisioningState": state,
            "firewalls": [],
            "firewallPolicies": self._policies.users_of(key),
        }
        return group


def _resource_id(call: Call) -> str:
    params = call.params
    return (
        f"/subscriptions/{params['subscriptionId']}/resourceGroups/{params['resourceGroupName']}"
        f"/providers/Microsoft.Network/ipGroups/{params['ipGroupsName']}"
    )


def _missing(call: Call) -> RefusalError:
    message = (
        f"The Resource 'Microsoft.Network/ipGroups/{call.params['ipGroupsName']}' under resource "
        f"group '{call.params['resourceGroupName']}' was not found."
    )
    return RefusalError(arm_error(404, "ResourceNotFound", message))


def _check_addresses(addresses: list[str]) -> None:
    if len(addresses) > MAX_ADDRESSES:
        message = f"An IP group holds at most {MAX_ADDRESSES} addresses, got {len(addresses)}."
        raise RefusalError(arm_error(400, "IpGroupHasTooManyAddresses", message))
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong:
        message = f"'{wrong[0]}' is not an IPv4 address, range or network."
        raise RefusalError(arm_error(400, "InvalidRequestFormat", message))


def _is_address(text: str) -> bool:
    """Whether Azure takes it: one IPv4 address, a network, or ``first-last``."""
    try:
        if "-" in text:
            first, last = (ipaddress.IPv4Address(part) for part in text.split("-"))
            return first <= last
        ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return True
