"""Okta cases that are not like the others, in the whole lab: who is contained where, and how."""

from typing import Any

import pytest
import yaml

from lab.scenarios.loader import FOLDER
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from shared.models.base import Json
from shared.models.case import CaseStatus
from tests.lab.whole_lab import WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOGIN = "iris.novak@contoso.example"
TWIN = {
    "like": "employee",
    "id": "7b2d6e1f-4d62-4a1c-8a2f-1e7a6f1b8c22",
    "userPrincipalName": LOGIN,
    "displayName": "Iris Novak",
}


def scenario(*, entra: list[Json] | None = None, login: str = LOGIN, **user: Any) -> Scenario:
    """The scenario ``okta-account`` with another kind of account."""
    text = (FOLDER / "okta-account.yaml").read_text(encoding="utf-8")
    given: Json = yaml.safe_load(text.replace("iris.novak", login.partition("@")[0]))
    tenant = given["tenant"]
    for row in tenant["tables"]["OktaV2_CL"]:
        row["OriginalActorAlternateId"] = login
    named = {"profile": {"login": login, "email": login}}
    tenant["okta"] = {"users": [{"like": "iris"} | named | user]}
    tenant["directory"] = {"users": entra or []}
    return Scenario.model_validate(given)


def effects(played: Played, vendor: str = "okta") -> list[str]:
    return [entry["operation"] for entry in played.effects(f"{vendor} *")]


def actions(played: Played) -> dict[str, tuple[str, bool | None]]:
    return {item["action"]: (item["status"], item["verified"]) for item in played.record["actions"]}


async def test_an_account_that_entra_has_too_is_contained_in_okta_and_the_other_is_named(
    whole_lab: WholeLab,
) -> None:
    played = await whole_lab.play(scenario(entra=[TWIN]))
    account = played.record["account"]
    assert account["directory"] == "okta"
    assert [twin["object_id"] for twin in account["also_in"]] == [TWIN["id"]]
    assert effects(played) == ["users.reset_password", "users.sessions.delete"]
    assert effects(played, "entra") == []
    steps = "\n".join(played.record["next_steps"])
    assert f"also exists as {LOGIN} in Microsoft Entra ID" in steps
    tickets = [entry["body"] for entry in played.effects("servicenow incident.*")]
    assert any("Microsoft Entra ID: revoke its sessions" in str(body) for body in tickets)


async def test_a_password_of_active_directory_is_left_to_people(whole_lab: WholeLab) -> None:
    held = {"provider": {"type": "ACTIVE_DIRECTORY", "name": "corp.contoso.example"}}
    played = await whole_lab.play(scenario(credentials=held))
    assert effects(played) == ["users.sessions.delete"]
    plan = {line["action"]: line for line in played.record["plan"]}
    assert plan["ForcePasswordReset"]["disposition"] == "never"
    assert "Active Directory" in plan["ForcePasswordReset"]["why"]
    assert actions(played)["RevokeSessions"] == ("succeeded", True)


async def test_an_administrator_of_okta_is_asked_about(whole_lab: WholeLab) -> None:
    role = {"id": "ra1", "type": "APP_ADMIN", "label": "Application Administrator"}
    played = await whole_lab.play(scenario(roles=[role | {"status": "ACTIVE"}]))
    assert played.record["status"] == CaseStatus.AWAITING_DECISION
    assert played.record["account"]["kinds"] == ["privileged"]
    assert effects(played) == []


async def test_a_break_glass_login_is_never_touched(whole_lab: WholeLab) -> None:
    played = await whole_lab.play(scenario(login="emergency.access@contoso.example"))
    assert "break_glass" in played.record["account"]["kinds"]
    assert effects(played) == []
    plan = played.record["plan"]
    assert plan
    assert {line["disposition"] for line in plan} == {"never"}


async def test_okta_away_leaves_the_case_to_people_and_entra_untouched(
    whole_lab: WholeLab,
) -> None:
    away = [{"vendor": "okta", "kind": "status", "value": 503}]
    played = await whole_lab.play(scenario(entra=[TWIN]), faults=away)
    assert played.record["status"] == CaseStatus.AWAITING_DECISION
    block = played.record["blocks"]["AD_User_Enrichment"]
    assert block["status"] == "partial"
    assert any("okta users.get" in note for note in block["notes"])
    assert effects(played, "entra") == effects(played) == []


@pytest.mark.parametrize("operation", ["users.reset_password", "users.sessions.delete"])
async def test_an_effect_whose_answer_is_lost_is_there_once_and_proved(
    whole_lab: WholeLab, operation: str
) -> None:
    lost = {"vendor": "okta", "operation": operation, "kind": "status", "value": 500}
    played = await whole_lab.play(scenario(), faults=[lost | {"times": 1, "when": "after"}])
    assert effects(played).count(operation) == 1
    assert actions(played)["ForcePasswordReset"] == ("succeeded", True)
    assert actions(played)["RevokeSessions"] == ("succeeded", True)


async def test_what_a_person_chose_is_done_in_okta_proved_and_taken_back(
    whole_lab: WholeLab,
) -> None:
    chosen = ["DisableAccount", "RevokeSessions", "RemoveAuthenticationMethods"]
    grant = {
        "id": "oag1",
        "clientId": "0oamailer",
        "issuer": "https://contoso.okta.example",
        "scopeId": "scp1",
        "status": "ACTIVE",
        "created": "-30s",
    }
    vip = scenario(login="ruth.okafor@contoso.example", grants=[grant])
    decision = {"actions": [*chosen, "RevokeOAuthGrants"], "comment": "she says it was not her"}
    steps = {"decision": decision, "undo": {"comment": "a mistake, by phone"}}
    played = await whole_lab.play(Scenario.model_validate(vip.model_dump() | steps))
    assert sorted(effects(played)) == [
        "users.factors.delete",
        "users.grants.delete",
        "users.sessions.delete",
        "users.suspend",
        "users.unsuspend",
    ]
    done = actions(played)
    assert {name: done[name] for name in decision["actions"]} == dict.fromkeys(
        decision["actions"], ("succeeded", True)
    )
    undone = {item["action"]: item["undone"] for item in played.record["actions"]}
    assert undone["DisableAccount"]["verified"] is True
    assert undone["DisableAccount"]["detail"] == "status is ACTIVE"
    # In Okta nobody can consent for a user, and sessions that are gone stay gone.
    others = ("RevokeSessions", "RemoveAuthenticationMethods", "RevokeOAuthGrants")
    assert [undone[name] for name in others] == [None] * 3
    assert "nobody consent for a user" in str(played.record["undos"])
