import pytest

from activities import containment, risk
from shared.errors import (
    NotFound,
    NotSupported,
    PermissionDenied,
    RetryableError,
    Throttled,
)
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import Activity, act, call

ACTIONS: dict[str, tuple[Activity, str]] = {
    "DisableAccount": (containment.disable_account, "set_enabled"),
    "ForcePasswordReset": (containment.force_password_reset, "reset_password"),
    "RevokeSessions": (containment.revoke_sessions, "revoke_sessions"),
    "ConfirmCompromised": (risk.confirm_compromised, "confirm_compromised"),
}
IDEMPOTENT_BY_CHECK = [name for name in ACTIONS if name != "ConfirmCompromised"]


async def state(house: FakeHouse) -> dict[str, object]:
    return await call(containment.read_account_state, object_id=OBJECT_ID)


@pytest.mark.parametrize("name", ACTIONS)
async def test_an_action_has_its_effect_once(house: FakeHouse, name: str) -> None:
    activity, effect = ACTIONS[name]
    outcome = await act(activity, await state(house))
    assert (outcome["action"], outcome["status"], outcome["target"]) == (
        name,
        "succeeded",
        OBJECT_ID,
    )
    assert outcome["verified"] is None, "only a read-back verifies"
    assert house.directory.called(effect) == 1


@pytest.mark.parametrize("name", IDEMPOTENT_BY_CHECK)
async def test_a_redelivered_action_has_no_second_effect(house: FakeHouse, name: str) -> None:
    """The worker died after the effect and before its result was stored."""
    activity, effect = ACTIONS[name]
    before = await state(house)
    first = await act(activity, before)
    again = await act(activity, before)
    assert house.directory.called(effect) == 1
    assert {**again, "at": ""} == {**first, "at": ""}, "the same outcome, undo included"


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize(
    "error",
    [
        PermissionDenied("needs a role", vendor="entra", operation="x", status=403),
        NotFound("no such user", vendor="entra", operation="x", status=404),
        NotSupported("mastered elsewhere", vendor="entra", operation="x"),
    ],
)
async def test_a_permanent_refusal_is_a_failed_outcome(
    house: FakeHouse, name: str, error: Exception
) -> None:
    activity, effect = ACTIONS[name]
    before = await state(house)
    house.directory.failing[effect] = error
    outcome = await act(activity, before)
    assert (outcome["status"], outcome["verified"], outcome["undo"]) == ("failed", None, None)
    assert str(error) in outcome["detail"]
    confirmed = name == "ConfirmCompromised"  # what Okta does not take, nobody else takes either
    assert outcome["elsewhere"] is (isinstance(error, NotSupported) and not confirmed)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize(
    "error", [RetryableError("HTTP 500", status=500), Throttled("slow down", retry_after=2)]
)
async def test_what_may_pass_is_raised_to_be_tried_again(
    house: FakeHouse, name: str, error: Exception
) -> None:
    activity, effect = ACTIONS[name]
    before = await state(house)
    read = "get_risk" if name == "ConfirmCompromised" else "get_state"
    for method in (effect, read):
        house.directory.failing = {method: error}
        with pytest.raises(RetryableError):
            await act(activity, before)


async def test_a_state_that_may_not_be_read_does_not_stop_containment(house: FakeHouse) -> None:
    house.directory.failing["get_state"] = PermissionDenied("no role", status=403)
    assert await call(containment.read_account_state, object_id=OBJECT_ID) is None
    house.directory.failing["get_state"] = RetryableError("timed out")
    with pytest.raises(RetryableError):
        await call(containment.read_account_state, object_id=OBJECT_ID)


async def test_without_a_state_before_the_action_is_still_done(house: FakeHouse) -> None:
    outcome = await act(containment.revoke_sessions, None)
    assert outcome["status"] == "succeeded"
    assert house.directory.called("revoke_sessions") == 1


async def test_only_disabling_and_the_risk_can_be_undone(house: FakeHouse) -> None:
    before = await state(house)
    undo = {name: (await act(activity, before))["undo"] for name, (activity, _) in ACTIONS.items()}
    assert undo.pop("DisableAccount") == {"account_enabled": True}
    assert undo.pop("ConfirmCompromised") == {"risk_state": "none"}
    assert set(undo.values()) == {None}


async def test_an_account_that_was_disabled_before_stays_so_after_an_undo(
    house: FakeHouse,
) -> None:
    house.directory.state = house.directory.state.model_copy(update={"account_enabled": False})
    outcome = await act(containment.disable_account, await state(house))
    assert (outcome["status"], outcome["undo"]) == ("succeeded", None)
    assert outcome["detail"] == "was so before this case"
    assert house.directory.called("set_enabled") == 0


async def test_what_somebody_else_changed_a_moment_ago_is_not_taken_for_ours(
    house: FakeHouse,
) -> None:
    """An attacker who changes the password before our reset must not make us skip it."""
    before = await state(house)
    await house.directory.reset_password(OBJECT_ID)
    await house.directory.revoke_sessions(OBJECT_ID)
    house.directory.calls.clear()
    for activity in (containment.force_password_reset, containment.revoke_sessions):
        await act(activity, before)
    assert house.directory.called("reset_password") == 1
    assert house.directory.called("revoke_sessions") == 1


@pytest.mark.parametrize("name", IDEMPOTENT_BY_CHECK)
async def test_a_redelivered_action_whose_effect_never_came_is_done(
    house: FakeHouse, name: str
) -> None:
    activity, effect = ACTIONS[name]
    before = await state(house)
    house.directory.failing[effect] = RetryableError("the worker died before the call")
    with pytest.raises(RetryableError):
        await act(activity, before)
    house.directory.failing.clear()
    house.directory.calls.clear()
    assert (await act(activity, before))["status"] == "succeeded"
    assert house.directory.called(effect) == 1


@pytest.mark.parametrize("name", IDEMPOTENT_BY_CHECK)
async def test_while_storage_is_away_what_shows_by_itself_is_not_done_again(
    house: FakeHouse, name: str
) -> None:
    activity, effect = ACTIONS[name]
    house.cases.failing["claim"] = RetryableError("storage is away")
    before = await state(house)
    outcomes = [await act(activity, before) for _ in range(2)]
    assert house.directory.called(effect) == (1 if name == "DisableAccount" else 2)
    assert {**outcomes[0], "at": ""} == {**outcomes[1], "at": ""}, "undo included"


async def test_the_read_back_asks_once_for_all(house: FakeHouse) -> None:
    before = await state(house)
    outcomes = [await act(activity, before) for activity, _effect in ACTIONS.values()]
    house.directory.calls.clear()
    found = await call(
        containment.verify_account,
        object_id=OBJECT_ID,
        before=dict.fromkeys(ACTIONS, before),
        outcomes=outcomes,
    )
    assert [item["verified"] for item in found["outcomes"]] == [True] * 4
    assert house.directory.calls == ["get_state", "get_risk"]


async def test_the_read_back_says_what_looking_again_cannot_prove(house: FakeHouse) -> None:
    known = await state(house)
    outcomes = [await act(activity, known) for activity, _effect in ACTIONS.values()]
    blind = {"unknown": {"sign_in_sessions_valid_from": "the System Log could not be asked"}}
    ask = {"object_id": OBJECT_ID, "outcomes": outcomes}
    found = await call(
        containment.verify_account, before=dict.fromkeys(ACTIONS, known | blind), **ask
    )
    assert found["unprovable"] == ["RevokeSessions"]
    found = await call(containment.verify_account, before=dict.fromkeys(ACTIONS, None), **ask)
    assert found["unprovable"] == ["ForcePasswordReset", "RevokeSessions"]
    found = await call(containment.verify_account, before=dict.fromkeys(ACTIONS, known), **ask)
    assert found["unprovable"] == []


@pytest.mark.parametrize(
    ("error", "lasting"),
    [
        (PermissionDenied("no consent", vendor="entra", operation="x", status=403), True),
        (Throttled("slow down", vendor="entra", operation="x", retry_after=60), False),
    ],
)
async def test_a_risk_that_cannot_be_read_hides_no_other_proof(
    house: FakeHouse, error: Exception, lasting: bool
) -> None:
    before = await state(house)
    outcomes = [await act(activity, before) for activity, _effect in ACTIONS.values()]
    house.directory.failing["get_risk"] = error
    ask = {"object_id": OBJECT_ID, "before": dict.fromkeys(ACTIONS, before)}
    found = await call(containment.verify_account, outcomes=outcomes, **ask)
    assert [item["verified"] for item in found["outcomes"]] == [True, True, True, None]
    assert str(error) in found["outcomes"][3]["detail"]
    assert found["unprovable"] == (["ConfirmCompromised"] if lasting else [])
    house.directory.calls.clear()
    refused = [*outcomes[:3], outcomes[3] | {"status": "failed"}]
    await call(containment.verify_account, outcomes=refused, **ask)
    assert house.directory.calls == ["get_state"], "nothing was confirmed, nothing to read"


async def test_a_reset_that_may_keep_nobody_out_is_not_shown_as_verified(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    reset = house.directory.reset_password

    async def doubtful(object_id: str, **_known: object) -> str:
        await reset(object_id)
        return "not known whether contoso.example is federated"

    monkeypatch.setattr(house.directory, "reset_password", doubtful)
    before = await state(house)
    done = await call(
        containment.force_password_reset, object_id=OBJECT_ID, before=before, attempt="contain-1"
    )
    assert (done["outcome"]["status"], house.directory.called("reset_password")) == ("succeeded", 1)
    found = await call(
        containment.verify_account,
        object_id=OBJECT_ID,
        before={"ForcePasswordReset": done["before"]},
        outcomes=[done["outcome"]],
    )
    [outcome] = found["outcomes"]
    assert (outcome["verified"], found["unprovable"]) == (None, ["ForcePasswordReset"])
    assert "contoso.example is federated" in outcome["detail"]


async def test_a_risk_is_read_urgently_on_the_way_to_confirming_it_only(house: FakeHouse) -> None:
    """Graph takes one request a second: reading to prove something waits behind containment."""
    confirmed = await call(risk.confirm_compromised, object_id=OBJECT_ID, attempt="contain-1")
    assert house.directory.risk_urgent == [True]
    before = await call(containment.read_account_state, object_id=OBJECT_ID)
    given = {"object_id": OBJECT_ID, "before": before, "outcomes": [confirmed["outcome"]]}
    await call(containment.verify_account, **given)
    assert house.directory.risk_urgent == [True, False]
    await call(risk.dismiss_risk, object_id=OBJECT_ID)
    assert house.directory.risk_urgent == [True, False, True, False]
    await call(risk.dismiss_risk, object_id=OBJECT_ID, read_back=True)
    assert house.directory.risk_urgent[4:] == [False]
