"""Roles that one may not look at, or not take away, keep nobody from the others."""

from collections.abc import Mapping

import pytest

from tests.infra.azure import OWN_WORKSPACE, RELAY, Azure, held
from tests.infra.cloud import PRINCIPAL
from tests.infra.test_azure_roles import (
    ANOTHERS_WORKSPACE,
    BUILT_IN,
    HUB,
    OTHER,
    RESPONDER,
    TOPIC,
)
from tools.bicep.render import render
from tools.bicep.syntax import BicepFile
from tools.provision.azure_roles import (
    CHOICES,
    DEPLOYED,
    REMEMBERED,
    ROLES,
    take_back,
    take_back_deployed,
)
from tools.provision.cloud import CloudError, Denied, Json

CONTRIBUTOR = BUILT_IN["durableTaskDataContributor"]


class Refuses(Azure):
    """Some addresses answer with an error."""

    def __init__(self, refused: str, error: Exception, *there: Json, **values: str) -> None:
        super().__init__(*there, **values)
        self.refused, self.error = refused, error

    def get(self, url: str) -> Json:
        if url.partition("?")[0].endswith(f"{self.refused}/roleAssignments"):
            raise self.error
        return super().get(url)

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        if self.refused in url:
            raise self.error
        return super().send(method, url, body)


@pytest.mark.parametrize("other", [OTHER, "00000000-0000-0000-0000-000000000000"])
def test_a_subscription_that_may_not_be_listed_keeps_nobody_from_the_others(other: str) -> None:
    """Before and behind the own one, whichever comes first."""
    chosen = ANOTHERS_WORKSPACE.replace(OTHER, other)
    cloud = Refuses(
        f"/subscriptions/{other}/providers/Microsoft.Authorization",
        Denied("AuthorizationFailed"),
        held(HUB, CONTRIBUTOR),
        held(OWN_WORKSPACE, RESPONDER, RELAY),
        held(TOPIC, BUILT_IN["eventGridDataSender"], "left-out"),
        SENTINEL_WORKSPACE_ID=chosen,
    )
    said: list[str] = []
    with pytest.raises(Denied):
        said.extend(take_back(cloud))
    assert {one["properties"]["scope"] for one in cloud.held} == {TOPIC}
    assert [one for one in said if "left-out may still publish" in one]
    assert other in cloud.values[REMEMBERED], "looked at again when the choice is another"


def test_a_locked_resource_keeps_nobody_from_the_others() -> None:
    locked = CloudError("Conflict: the scope is locked")
    roles = held(HUB, CONTRIBUTOR), held(ANOTHERS_WORKSPACE, RESPONDER, PRINCIPAL)
    cloud = Refuses("taskHubs", locked, *roles, **{REMEMBERED: OTHER})
    said = list(take_back(cloud))
    assert [one["properties"]["scope"] for one in cloud.held] == [HUB]
    assert any("could not be taken away: Conflict" in one for one in said)
    assert any(one.startswith("taken away: ") and ANOTHERS_WORKSPACE in one for one in said)


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_was_not_deployed_takes_nothing(name: str) -> None:
    """`azd env set`, and then the hook alone: the app still goes by what is deployed."""
    cloud = Azure(held(HUB, CONTRIBUTOR), **{DEPLOYED: "azureStorage;False;;"})
    changed = {"DURABLE_BACKEND": "azureManaged", "BLOCK_AT_FIREWALL": "true"}
    before = cloud.values[name]
    cloud.values[name] = changed.get(name, ANOTHERS_WORKSPACE)
    (said,) = take_back_deployed(cloud)
    assert "`azd provision`" in said
    assert cloud.sent == []
    cloud.values[name] = before
    assert any(one.startswith("taken away: ") for one in take_back_deployed(cloud))


def test_the_marker_is_of_every_choice_that_decides_a_role(bicep: Mapping[str, BicepFile]) -> None:
    assert {name for one in ROLES for name in one.chosen_by} == set(CHOICES)
    outputs = bicep["main.bicep"].outputs
    names = [f"${{{render(outputs[one].value)}}}" for one in CHOICES]
    assert render(outputs[DEPLOYED].value) == f"'{';'.join(names)}'"
