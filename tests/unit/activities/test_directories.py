"""Which directory serves a case, and that every identity activity goes to the one it is told."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.containment import (
    disable_account,
    force_password_reset,
    read_account_state,
    revoke_sessions,
    verify_account,
)
from activities.deciding import decide_response
from activities.enrichment import enrich_user
from activities.risk import confirm_compromised
from activities.undoing import enable_account
from shared.errors import NotFound, RetryableError
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.directory import AccountState, DirectoryUser, Memberships
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.where import hold_if_elsewhere
from shared.playbook.sign_ins.models import SignInAnalysis, SuccessfulLogin
from tests.support.fakes import T0, FakeDirectory, FakeHouse
from tests.support.scripts import NAME, OBJECT_ID, case_payload
from tests.unit.activities.calls import block, call

OKTA_ID = "00u1"
DOWN = RetryableError("timed out", vendor="okta", operation="users.get")
GONE = NotFound("no such user", vendor="x", operation="users.get", status=404)
ACTIONS = {
    disable_account: "set_enabled",
    force_password_reset: "reset_password",
    revoke_sessions: "revoke_sessions",
    confirm_compromised: "confirm_compromised",
}


@pytest.fixture
def okta(house: FakeHouse) -> FakeDirectory:
    """A second directory, which knows the account by an id of its own."""
    directory = FakeDirectory()
    directory.name = "okta"
    directory.user = DirectoryUser(
        object_id=OKTA_ID, user_principal_name=NAME, account_enabled=True, status="ACTIVE"
    )
    directory.state = AccountState(
        account_enabled=True,
        status="ACTIVE",
        last_password_change_at=T0,
        sign_in_sessions_valid_from=T0,
    )
    house.providers.directories["okta"] = directory
    return directory


def case(directory: str | None, **account: Any) -> Json:
    given = {"key": "a" * 32, "user_id": NAME, "user_principal_name": NAME, "directory": directory}
    return case_payload(account=given | account)


async def enriched(directory: str | None, **account: Any) -> Json:
    return await block(enrich_user, BlockName.USER, case=case(directory, **account))


@pytest.mark.parametrize(
    ("pointed", "entra_knows", "okta_knows", "serves"),
    [
        ("okta", True, True, "okta"),
        ("okta", True, False, "entra"),
        ("okta", False, True, "okta"),
        ("entra", True, True, "entra"),
        ("entra", False, True, "okta"),
        (None, True, True, "entra"),
        (None, False, True, "okta"),
    ],
)
async def test_the_directory_that_the_alert_points_to_then_entra_then_who_knows(
    house: FakeHouse,
    okta: FakeDirectory,
    pointed: str | None,
    entra_knows: bool,
    okta_knows: bool,
    serves: str,
) -> None:
    if not entra_knows:
        house.directory.failing["get_user"] = GONE
    if not okta_knows:
        okta.failing["get_user"] = GONE
    found = await enriched(pointed)
    assert (found["status"], found["details"]["directory"]) == ("complete", serves)
    assert found["details"]["profile"]["object_id"] == (OKTA_ID if serves == "okta" else OBJECT_ID)
    twins = found["details"]["also_in"]
    assert [twin["directory"] for twin in twins] == (
        [{"okta": "entra", "entra": "okta"}[serves]] if entra_knows and okta_knows else []
    )


async def test_nobody_knows_the_account(house: FakeHouse, okta: FakeDirectory) -> None:
    house.directory.failing["get_user"] = okta.failing["get_user"] = GONE
    found = await enriched("okta")
    assert found["status"] == "partial"
    assert len([note for note in found["notes"] if note.startswith("profile: ")]) == 2
    assert found["details"] == {"directory": "okta"}


async def test_a_directory_that_cannot_be_asked_is_not_passed_over(
    house: FakeHouse, okta: FakeDirectory
) -> None:
    okta.failing["get_user"] = DOWN
    found = await enriched("okta")
    assert (found["status"], found["details"]) == ("partial", {"directory": "okta"})
    assert house.directory.called("get_user") == 0
    # The other way round it serves the case, and the doubt is said.
    found = await enriched("entra")
    assert (found["status"], found["details"]["directory"]) == ("partial", "entra")
    assert any(note.startswith("the same account in okta: ") for note in found["notes"])


async def test_a_directory_that_is_not_configured_is_not_asked(house: FakeHouse) -> None:
    found = await enriched("okta")
    assert (found["status"], found["details"]["directory"]) == ("complete", "entra")


async def test_an_object_id_of_entra_means_nothing_elsewhere(
    house: FakeHouse, okta: FakeDirectory
) -> None:
    asked: list[str] = []

    async def get_user(user_id: str) -> DirectoryUser:
        asked.append(user_id)
        return okta.user

    okta.get_user = get_user  # type: ignore[method-assign]
    await enriched("okta", user_id=OBJECT_ID, object_id=OBJECT_ID)
    assert asked == [NAME]


async def decided(directory: str | None) -> Decided:
    blocks: dict[str, Json] = {
        name: make_block(name, BlockStatus.SKIPPED, inputs={}).block.to_json() for name in BlockName
    }
    blocks[BlockName.USER] = await enriched(directory)
    given = await call(decide_response, case=case(directory), blocks=blocks)
    return Decided.model_validate(given)


async def test_deciding_says_where_and_by_which_id(house: FakeHouse, okta: FakeDirectory) -> None:
    okta.user = okta.user.model_copy(update={"mail_addresses": ["a.lind@contoso.com"]})
    mailed = {"mail_addresses": ["ada@mail.contoso.com"]}
    house.directory.user = house.directory.user.model_copy(update=mailed)
    found = await decided("okta")
    assert (found.directory, found.object_id) == ("okta", OKTA_ID)
    assert found.account["directory"] == "okta"
    assert [twin["object_id"] for twin in found.account["also_in"]] == [OBJECT_ID]
    assert found.account["mail_addresses"] == ["a.lind@contoso.com"]
    assert found.account["also_in"][0]["mail_addresses"] == ["ada@mail.contoso.com"]
    assert (await decided(None)).directory == "entra"


async def test_guard_rails_hold_in_okta(okta: FakeDirectory, govern: Callable[..., None]) -> None:
    okta.memberships = Memberships(roles=["Super Administrator"])
    assert (await decided("okta")).account["kinds"] == ["privileged"]
    okta.memberships = Memberships()
    assert (await decided("okta")).account["kinds"] == ["ordinary"]
    for kind in ("break_glass", "service", "vip"):
        govern(accounts={kind: [NAME.upper()]})
        found = await decided("okta")
        assert kind in found.account["kinds"]
        assert all(line.disposition is not Disposition.AUTOMATIC for line in found.plan)


async def test_what_okta_cannot_do_is_never_planned(okta: FakeDirectory) -> None:
    found = await decided("okta")
    missing = {ActionName.CONFIRM_COMPROMISED, ActionName.DISABLE_INBOX_RULES}
    assert all(
        line.disposition is Disposition.NEVER for line in found.plan if line.action in missing
    )


@pytest.mark.parametrize("activity", ACTIONS, ids=lambda activity: str(activity.__name__))
@pytest.mark.parametrize("directory", [None, "entra", "okta"])
async def test_an_action_goes_to_the_directory_that_the_payload_names(
    house: FakeHouse, okta: FakeDirectory, activity: Any, directory: str | None
) -> None:
    payload = {"object_id": OKTA_ID, "before": None, "attempt": "contain-1"}
    payload |= {"directory": directory} if directory else {}
    result = await call(activity, **payload)
    assert result["outcome"]["status"] == "succeeded"
    acted = {"entra": house.directory, "okta": okta}
    for name, one in acted.items():
        assert one.called(ACTIONS[activity]) == int(name == (directory or "entra"))


async def test_state_read_back_and_undo_go_there_too(house: FakeHouse, okta: FakeDirectory) -> None:
    payload = {"object_id": OKTA_ID, "directory": "okta"}
    state = await call(read_account_state, **payload)
    assert state["status"] == "ACTIVE"
    result = await call(disable_account, **payload, before=state, attempt="contain-1")
    checked = await call(
        verify_account,
        **payload,
        outcomes=[result["outcome"]],
        before={"DisableAccount": state},
    )
    assert checked["outcomes"][0]["verified"] is True
    undone = await call(enable_account, **payload, attempt="undo-1", outcome=result["outcome"])
    assert (undone["status"], undone["verified"], undone["detail"]) == (
        "succeeded",
        True,
        "status is ACTIVE",
    )
    assert house.directory.calls == []


async def test_a_directory_that_is_gone_is_a_failed_action_with_the_reason(
    house: FakeHouse,
) -> None:
    payload = {"object_id": OKTA_ID, "directory": "okta", "before": None, "attempt": "contain-1"}
    assert await call(read_account_state, **payload) is None
    result = await call(revoke_sessions, **payload)
    assert result["outcome"]["status"] == "failed"
    assert "no settings for the directory okta" in result["outcome"]["detail"]


def seen_in(directory: str | None) -> Json:
    """A sign-in block whose suspicious success is in that directory's log."""
    login = SuccessfulLogin.supposed("203.0.113.66", T0).model_copy(update={"directory": directory})
    analysis = SignInAnalysis(successful_login_details=login).to_json()
    details = {"analysis": analysis, "complete": True}
    made = make_block(BlockName.SIGN_INS, BlockStatus.COMPLETE, inputs={}, details=details)
    return made.block.to_json()


@pytest.mark.parametrize(
    ("pointed", "seen", "held"),
    [
        (None, "okta", True),
        (None, "entra", False),
        (None, None, False),
        ("entra", "okta", False),
        ("okta", "entra", False),
    ],
)
@pytest.mark.parametrize("twin", [True, False])
async def test_an_attack_in_the_other_log_is_for_a_person_to_place(
    okta: FakeDirectory, pointed: str | None, seen: str | None, held: bool, twin: bool
) -> None:
    if not twin:
        okta.failing["get_user"] = GONE
    blocks: dict[str, Json] = {
        name: make_block(name, BlockStatus.SKIPPED, inputs={}).block.to_json() for name in BlockName
    }
    blocks[BlockName.USER] = await enriched(pointed)
    analysis = SignInAnalysis.model_validate(seen_in(seen)["details"]["analysis"])
    line = PlannedAction(
        action=ActionName.REVOKE_SESSIONS,
        target=NAME,
        disposition=Disposition.AUTOMATIC,
        why="High confidence",
    )
    given = CaseRequest.model_validate(case(pointed))
    [found] = hold_if_elsewhere([line], given, blocks, analysis)
    asks = held and twin
    assert found.disposition is (Disposition.ASK if asks else Disposition.AUTOMATIC)
    assert ("the suspicious sign-in is in the log of okta" in found.why) is asks


@pytest.mark.parametrize(("lag", "times"), [(0.0, 2), (0.01, 1)])
async def test_a_proof_that_lags_is_waited_for_before_it_is_done_again(
    okta: FakeDirectory, monkeypatch: pytest.MonkeyPatch, lag: float, times: int
) -> None:
    okta.lag_seconds = lag
    shown = okta.state
    reads = 0

    async def get_state(object_id: str) -> AccountState:
        """The change shows from the third read on."""
        nonlocal reads
        reads += 1
        return okta.state if reads > 2 else shown

    monkeypatch.setattr(okta, "get_state", get_state)
    payload = {"object_id": OKTA_ID, "directory": "okta", "before": None, "attempt": "contain-1"}
    for _ in range(2):
        result = await call(revoke_sessions, **payload)
        assert result["outcome"]["status"] == "succeeded"
    assert okta.called("revoke_sessions") == times
