"""Whether a firewall rule denies what is in the app's IP group.

A group by itself stops nothing. Azure names the firewalls and policies that use it; whether a rule
of theirs denies it is in the policy's rule collection groups.
Source: Microsoft.Network ``IpGroups_Get``, ``FirewallPolicyRuleCollectionGroups_List``.
"""

import re

from pydantic import Field, field_validator

from shared.models.base import Json, Model, VendorModel
from shared.providers.azure_firewall.firewall import API_VERSION
from shared.providers.azure_firewall.ip_group import VENDOR
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient, path
from shared.settings import Settings

POLICY_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/(?P<group>[\w.()-]{1,90})"
    r"/providers/Microsoft\.Network/firewallPolicies/(?P<name>[\w.-]{1,80})",
    re.IGNORECASE,
)
POLICY_PATH = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.Network/firewallPolicies/{name}"
)


class _Reference(VendorModel):
    id: str


class _Users(VendorModel):
    firewalls: list[_Reference] = Field(default_factory=list)
    policies: list[_Reference] = Field(default_factory=list, alias="firewallPolicies")


class _Group(VendorModel):
    properties: _Users


class _Rule(VendorModel):
    name: str = "unnamed"
    sources: list[str] = Field(default_factory=list, alias="sourceIpGroups")


class _Collection(VendorModel):
    name: str = "unnamed"
    action: Json = Field(default_factory=dict)
    rules: list[_Rule] = Field(default_factory=list)

    @field_validator("action", mode="before")
    @classmethod
    def _none_is_nothing(cls, value: object) -> object:
        return {} if value is None else value


class _Collections(VendorModel):
    found: list[_Collection] = Field(default_factory=list, alias="ruleCollections")


class _CollectionGroup(VendorModel):
    name: str = "unnamed"
    properties: _Collections = Field(default_factory=_Collections)


class _CollectionGroups(VendorModel):
    value: list[_CollectionGroup]
    next_link: str | None = Field(None, alias="nextLink")


class Users(Model):
    """Resource ids of what uses the IP group."""

    firewalls: list[str]
    """By rules of their own, not by a policy's."""
    policies: list[str]


class Denials(Model):
    """The rules of one policy that deny what comes from the group."""

    rules: list[str]
    """``rule collection group/collection/rule``."""
    complete: bool
    """Whether all rules have been read."""


def _client(settings: Settings) -> VendorClient:
    authorize = bearer(scope(RESOURCE_MANAGER, settings.arm_url))
    return VendorClient(VENDOR, settings.arm_url, settings=settings, authorize=authorize)


async def users_of_group(settings: Settings) -> Users:
    """Return which firewalls and firewall policies use the app's IP group.

    Permission: Microsoft.Network/ipGroups/read.
    """
    client, operation = _client(settings), "ipGroups.get"
    params = {"api-version": API_VERSION}
    group_id = (settings.firewall_ip_group_id or "").rstrip("/")
    answer = await client.request(operation, "GET", group_id, params=params)
    found = client.parse(_Group, answer.body, operation=operation).properties
    return Users(
        firewalls=[one.id for one in found.firewalls], policies=[one.id for one in found.policies]
    )


async def denials(settings: Settings, policy_id: str) -> Denials:
    """Return the rules of a firewall policy that deny what comes from the app's IP group.

    Permission: Microsoft.Network/firewallPolicies/ruleCollectionGroups/read.
    """
    parts = POLICY_ID.fullmatch(policy_id)
    if parts is None:
        return Denials(rules=[], complete=False)
    client, operation = _client(settings), "ruleCollectionGroups.list"
    url = f"{path(POLICY_PATH, **parts.groupdict())}/ruleCollectionGroups"
    answer = await client.request(operation, "GET", url, params={"api-version": API_VERSION})
    listed = client.parse(_CollectionGroups, answer.body, operation=operation)
    own = (settings.firewall_ip_group_id or "").rstrip("/").casefold()
    rules = [
        f"{group.name}/{collection.name}/{rule.name}"
        for group in listed.value
        for collection in group.properties.found
        if str(collection.action.get("type", "")).casefold() == "deny"
        for rule in collection.rules
        if own in (one.casefold() for one in rule.sources)
    ]
    return Denials(rules=rules, complete=listed.next_link is None)
