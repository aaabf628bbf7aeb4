"""A break-glass account is not touched, whatever was planned while its names were not known."""

from collections.abc import Callable

import pytest

from activities.registry import ACTIVITIES
from orchestrators.devices import DEVICE_ACTIVITIES
from orchestrators.names import Activity as Name
from shared.errors import NotFound, PermissionDenied, RetryableError
from shared.models.directory import DirectoryUser
from shared.models.plan import ActionName
from shared.playbook.acting.containment import IDENTITY_ACTIONS
from shared.playbook.planning.plan import NOTHING_TO_DO
from tests.support.fake_endpoint import NOW, FakeEndpoint, device, logon
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
DEVICES: dict[str, Activity] = {
    str(action): BY_NAME[name] for action, name in sorted(DEVICE_ACTIVITIES.items())
}
"""Every action on an account's devices, as the app runs it."""


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


@pytest.fixture
def endpoint(house: FakeHouse) -> FakeEndpoint:
    known = FakeEndpoint()
    known.devices = [device(1, logon("bg1"))]
    house.providers.endpoint = known
    return known


async def order(action: str, account: str) -> tuple[str, str]:
    """Have an action done on the account's devices; return status and detail."""
    found = await act(DEVICES[action], account=account, now=NOW.isoformat())
    return found["status"], found["detail"]


def test_what_is_done_to_an_account_or_its_devices_is_all_here() -> None:
    left_out = set(ActionName) - {ActionName(one) for one in (*REGISTERED, *DEVICES)}
    assert left_out == {ActionName.BLOCK_IP, *NOTHING_TO_DO}


@pytest.mark.parametrize("action", DEVICES)
@pytest.mark.parametrize("listed_as", ["bg1@contoso.example", OBJECT_ID, EMERGENCY])
async def test_its_devices_are_not_touched(
    house: FakeHouse,
    govern: Callable[..., None],
    endpoint: FakeEndpoint,
    action: str,
    listed_as: str,
) -> None:
    """Listed by the name in the incident, by its id, or by the name it has in the directory."""
    govern(accounts={"break_glass": [listed_as]})
    status, detail = await order(action, "bg1")
    assert status == "failed" and "the app never touches it" in detail
    assert endpoint.calls == []


@pytest.mark.parametrize("action", DEVICES)
async def test_a_bare_name_that_the_directory_does_not_know_is_left_to_people(
    house: FakeHouse, govern: Callable[..., None], endpoint: FakeEndpoint, action: str
) -> None:
    house.directory.failing["get_user"] = NotFound("no such user", status=404)
    status, detail = await order(action, "bg1")
    assert (status, endpoint.calls) == ("failed", []) and "do this by hand" in detail
    govern()
    assert (await order(action, "bg1"))[0] == "succeeded"


@pytest.mark.parametrize("action", DEVICES)
async def test_no_device_is_touched_until_it_is_known_whose_it_is(
    house: FakeHouse, endpoint: FakeEndpoint, action: str
) -> None:
    house.directory.failing["get_user"] = RetryableError("timed out")
    with pytest.raises(RetryableError):
        await order(action, "bg1")
    assert endpoint.calls == []


@pytest.mark.parametrize("action", DEVICES)
async def test_devices_of_others_are_contained(
    house: FakeHouse, endpoint: FakeEndpoint, action: str
) -> None:
    rename(house, "bg1@contoso.example")
    assert (await order(action, "bg1"))[0] == "succeeded"
    assert endpoint.actions
