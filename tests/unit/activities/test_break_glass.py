"""A break-glass account is not touched, whatever was planned while its names were not known."""

from collections.abc import Callable

import pytest

from activities.registry import ACTIVITIES
from orchestrators.names import Activity as Name
from shared.errors import PermissionDenied, RetryableError
from shared.models.directory import DirectoryUser
from shared.playbook.acting.containment import IDENTITY_ACTIONS
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import Activity, act

EMERGENCY = "emergency.access@contoso.example"
EFFECTS = {"set_enabled", "reset_password", "revoke_sessions", "confirm_compromised"}
BY_NAME: dict[str, Activity] = {one.__name__: one for one in ACTIVITIES}
REGISTERED: dict[str, Activity] = {
    str(action): BY_NAME[Name[action.name]] for action in sorted(IDENTITY_ACTIONS)
}
"""Every action on an identity, as the app runs it."""
LOOKS_ITSELF = {"DisableAccount", "ForcePasswordReset", "RevokeSessions"}
"""They read the account anyway."""


@pytest.fixture(autouse=True)
def listed(govern: Callable[..., None], house: FakeHouse) -> None:
    govern(accounts={"break_glass": [EMERGENCY]})
    rename(house, EMERGENCY)


def rename(house: FakeHouse, name: str) -> None:
    """Give the account this name in the directory."""
    house.directory.user = DirectoryUser(object_id=OBJECT_ID, user_principal_name=name)
    names = {"object_id": OBJECT_ID, "user_principal_name": name}
    house.directory.state = house.directory.state.model_copy(update=names)


@pytest.mark.parametrize("action", REGISTERED)
async def test_no_action_touches_it(house: FakeHouse, action: str) -> None:
    outcome = await act(REGISTERED[action])
    assert (outcome["action"], outcome["status"]) == (action, "failed")
    assert "the app never touches it" in outcome["detail"]
    assert house.directory.calls == ["get_state" if action in LOOKS_ITSELF else "get_user"]


@pytest.mark.parametrize("action", sorted(LOOKS_ITSELF))
async def test_it_is_known_by_the_name_that_it_has_now(house: FakeHouse, action: str) -> None:
    """Renamed since the state before was read."""
    seen = {"object_id": OBJECT_ID, "user_principal_name": "ann@contoso.example"}
    outcome = await act(REGISTERED[action], seen)
    assert (outcome["status"], house.directory.calls) == ("failed", ["get_state"])
    assert "the app never touches it" in outcome["detail"]


@pytest.mark.parametrize("action", sorted(set(REGISTERED) - LOOKS_ITSELF))
async def test_its_name_as_read_under_the_lock_is_enough(house: FakeHouse, action: str) -> None:
    house.directory.user = DirectoryUser(object_id=OBJECT_ID, user_principal_name="ann@x.example")
    seen = {"object_id": OBJECT_ID, "user_principal_name": EMERGENCY.upper()}
    outcome = await act(REGISTERED[action], seen)
    assert (outcome["status"], house.directory.calls) == ("failed", [])
    assert "the app never touches it" in outcome["detail"]


async def test_a_name_as_read_under_the_lock_is_not_read_again(house: FakeHouse) -> None:
    seen = {"object_id": OBJECT_ID, "user_principal_name": "ann@contoso.example"}
    assert (await act(REGISTERED["ConfirmCompromised"], seen))["status"] == "succeeded"
    assert "get_user" not in house.directory.calls


async def test_its_object_id_as_read_under_the_lock_is_enough(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    """An account that no incident knew by its id: the payload has a name in the id's place."""
    govern(accounts={"break_glass": ["9d1e-the-id"]})
    seen = {"object_id": "9d1e-the-id", "user_principal_name": "ann@contoso.example"}
    assert (await act(REGISTERED["ConfirmCompromised"], seen))["status"] == "failed"
    assert house.directory.calls == []


@pytest.mark.parametrize("action", REGISTERED)
async def test_nothing_is_done_until_it_is_known_whom_it_hits(
    house: FakeHouse, action: str
) -> None:
    for method in ("get_user", "get_state"):
        house.directory.failing[method] = RetryableError("timed out")
    with pytest.raises(RetryableError):
        await act(REGISTERED[action])
    assert not EFFECTS & set(house.directory.calls)


async def test_its_object_id_is_enough(house: FakeHouse, govern: Callable[..., None]) -> None:
    govern(accounts={"break_glass": [OBJECT_ID.upper()]})
    house.directory.failing["get_user"] = PermissionDenied("no role", status=403)
    assert (await act(REGISTERED["DisableAccount"]))["status"] == "failed"
    assert not EFFECTS & set(house.directory.calls)


async def test_others_are_contained(house: FakeHouse) -> None:
    rename(house, "ann@contoso.example")
    assert (await act(REGISTERED["DisableAccount"]))["status"] == "succeeded"
    house.directory.failing["get_user"] = PermissionDenied("no role", status=403)
    assert (await act(REGISTERED["ConfirmCompromised"]))["status"] == "succeeded"
    assert EFFECTS & set(house.directory.calls) == {"set_enabled", "confirm_compromised"}


async def test_where_none_is_listed_nothing_is_read_for_it(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern()
    assert (await act(REGISTERED["DisableAccount"]))["status"] == "succeeded"
    assert "get_user" not in house.directory.calls
