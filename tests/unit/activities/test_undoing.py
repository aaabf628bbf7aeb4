import asyncio

import pytest

from activities import containment
from activities.undoing import enable_account
from shared.errors import PermissionDenied, RetryableError
from shared.models.base import Json
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID, outcome
from tests.unit.activities.calls import act, call

DISABLED = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})


@pytest.fixture
def disabled(house: FakeHouse) -> FakeHouse:
    """The account, disabled."""
    house.directory.state = house.directory.state.model_copy(update={"account_enabled": False})
    return house


async def enable(**more: object) -> Json:
    given = {"directory": "entra", "attempt": "undo-1", "outcome": DISABLED}
    result: Json = await call(enable_account, object_id=OBJECT_ID, **given, **more)
    return result


async def test_an_account_is_enabled_again_and_read_back(disabled: FakeHouse) -> None:
    assert await enable() == {
        "status": "succeeded",
        "verified": True,
        "detail": "accountEnabled is true",
    }
    assert disabled.directory.called("set_enabled") == 1


async def test_what_containment_did_is_taken_back(house: FakeHouse) -> None:
    await act(containment.disable_account, None)
    assert (await enable())["verified"] is True
    assert house.directory.state.account_enabled is True


async def test_delivered_again_it_has_no_second_effect(disabled: FakeHouse) -> None:
    first = await enable()
    assert await enable() == first
    assert disabled.directory.called("set_enabled") == 1


async def test_a_read_that_lags_is_not_taken_for_enabled(
    disabled: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = disabled.directory.state
    disabled.directory.state = now.model_copy(update={"account_enabled": True})
    waited: list[float] = []

    async def catch_up(seconds: float) -> None:
        waited.append(seconds)
        disabled.directory.state = now

    monkeypatch.setattr(asyncio, "sleep", catch_up)
    assert (await enable())["verified"] is True
    assert disabled.directory.called("set_enabled") == 1
    assert waited == [disabled.directory.lag_seconds]


async def test_an_effect_that_never_came_is_made_up_for(disabled: FakeHouse) -> None:
    disabled.directory.failing["set_enabled"] = RetryableError("the worker died before the call")
    with pytest.raises(RetryableError):
        await enable()
    disabled.directory.failing.clear()
    assert (await enable())["verified"] is True


async def test_looking_again_changes_nothing(disabled: FakeHouse) -> None:
    """A replica that lags shows the old state; it must not make us write again."""
    seen = await enable(read_back=True)
    assert (seen["status"], seen["verified"]) == ("succeeded", False)
    assert disabled.directory.called("set_enabled") == 0


@pytest.mark.parametrize("method", ["get_state", "set_enabled"])
async def test_a_refusal_is_an_answer(disabled: FakeHouse, method: str) -> None:
    disabled.directory.failing[method] = PermissionDenied(
        "needs a role", vendor="entra", status=403
    )
    answer = await enable()
    assert (answer["status"], answer["verified"]) == ("failed", None)
    assert "needs a role" in answer["detail"]


async def test_an_effect_that_may_not_be_read_back_is_not_verified(
    disabled: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_enabled = disabled.directory.set_enabled

    async def then_refuse(object_id: str, *, enabled: bool) -> None:
        await set_enabled(object_id, enabled=enabled)
        disabled.directory.failing["get_state"] = PermissionDenied("no role", status=403)

    monkeypatch.setattr(disabled.directory, "set_enabled", then_refuse)
    answer = await enable()
    assert (answer["status"], answer["verified"]) == ("succeeded", None)
    assert "not read back" in answer["detail"]


async def test_what_may_pass_is_raised_to_be_tried_again(disabled: FakeHouse) -> None:
    disabled.directory.failing["get_state"] = RetryableError("HTTP 503", status=503)
    with pytest.raises(RetryableError):
        await enable()
