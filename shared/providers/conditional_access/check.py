"""Which Conditional Access policies block the sign-ins from the app's named location.

A named location by itself stops nothing. Source: learn.microsoft.com/graph/api/
conditionalaccessroot-list-policies and the resource ``conditionalAccessPolicy``.
"""

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from shared.models.base import Json, Model, VendorModel
from shared.providers.entra.graph import Graph
from shared.settings import Settings

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

BLOCK = "block"
EVERY = "All"
ANYWHERE = (EVERY, "all")
ALL_TRUSTED = "AllTrusted"
_NARROWING = (
    "clientApplications",
    "devices",
    "platforms",
    "authenticationFlows",
    "insiderRiskLevels",
    "servicePrincipalRiskLevels",
    "signInRiskLevels",
    "userRiskLevels",
)
"""Conditions by which a policy leaves sign-ins out, when they are set."""


class _Controls(VendorModel):
    built_in: list[str] = Field(default_factory=list, alias="builtInControls")


class _Policy(VendorModel):
    """The part of a policy that decides whom it stops."""

    name: str = Field(alias="displayName")
    state: str
    conditions: Json = Field(default_factory=dict)
    controls: _Controls = Field(default_factory=_Controls, alias="grantControls")

    @field_validator("controls", mode="before")
    @classmethod
    def _none_is_nothing(cls, value: object) -> object:
        return {} if value is None else value

    def part(self, name: str) -> Json:
        """Return one part of the conditions; empty if it is not set."""
        return self.conditions.get(name) or {}

    def listed(self, part: str, name: str) -> list[str]:
        """Return the ids and names in one list of the conditions."""
        return [str(one) for one in self.part(part).get(name) or ()]


class BlockingPolicy(Model):
    """A policy that blocks the location, and what keeps it from blocking every sign-in."""

    name: str
    enabled: bool
    report_only: bool
    leaves_out: list[str] = Field(default_factory=list)
    """In words: whom or what it does not stop."""
    exceptions: int = 0
    """Accounts, groups and roles that are excluded, as break-glass accounts have to be."""


async def blocking_policies(settings: Settings) -> list[BlockingPolicy]:
    """Return the policies, enabled or not, that block sign-ins from the app's named location.

    Permission: Policy.Read.All.

    Raises:
        TourniquetError: see ``shared.errors``; policies cannot be read.
    """
    graph = Graph(settings)

    def build(link: str | None) -> "RequestInformation":
        builder = graph.client.identity.conditional_access.policies
        return (builder.with_url(link) if link else builder).to_get_request_information()

    found = await graph.collect("policies.list", build, _Policy)
    own = (settings.named_location_id or "").strip().casefold()
    return [_described(one) for one in found if _blocks(one, own)]


def _blocks(policy: _Policy, location: str) -> bool:
    included = [one.casefold() for one in policy.listed("locations", "includeLocations")]
    excluded = [one.casefold() for one in policy.listed("locations", "excludeLocations")]
    covers = location in included or EVERY.casefold() in included
    spared = location in excluded or EVERY.casefold() in excluded
    return BLOCK in policy.controls.built_in and covers and not spared


def _described(policy: _Policy) -> BlockingPolicy:
    excluded = ("excludeUsers", "excludeGroups", "excludeRoles")
    return BlockingPolicy(
        name=policy.name,
        enabled=policy.state == "enabled",
        report_only=policy.state == "enabledForReportingButNotEnforced",
        leaves_out=_leaves_out(policy),
        exceptions=sum(len(policy.listed("users", name)) for name in excluded),
    )


def _leaves_out(policy: _Policy) -> list[str]:
    left = []
    if EVERY not in policy.listed("users", "includeUsers"):
        left.append("it is not for all users")
    if EVERY not in policy.listed("applications", "includeApplications"):
        left.append("it is not for all resources")
    if excluded := policy.listed("applications", "excludeApplications"):
        left.append(f"it excludes {len(excluded)} resources")
    if policy.part("applications").get("applicationFilter"):
        left.append("it filters the resources by their attributes")
    if policy.part("users").get("excludeGuestsOrExternalUsers"):
        left.append("it excludes guests or other external users")
    if others := policy.listed("locations", "excludeLocations"):
        trusted = ", the trusted ones among them" if ALL_TRUSTED in others else ""
        left.append(f"it excludes {len(others)} locations{trusted}")
    clients = policy.conditions.get("clientAppTypes") or list(ANYWHERE)
    if not set(clients) & set(ANYWHERE):
        left.append(f"it is for {', '.join(map(str, clients))} only")
    set_ones = [name for name in _NARROWING if policy.conditions.get(name)]
    if set_ones:
        left.append(f"it has conditions: {', '.join(set_ones)}")
    return left
