"""The Okta adapter against the simulator, which checks requests against Okta's API description."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import NotFound, NotSupported, PermissionDenied
from shared.models.directory import AccountState, Memberships
from shared.providers.okta import Okta, OktaApi, OktaGrants, OktaMethods
from shared.settings import Settings
from tests.contract.okta_account import ADA, LOGIN, SINCE, org, user
from tests.contract.processes import Lab, eventually

SUPER = {"id": "ra1", "type": "SUPER_ADMIN", "label": "Super Administrator", "status": "ACTIVE"}


@pytest.fixture
def api(lab: Lab, settings: Settings) -> OktaApi:
    lab.tenant(okta=org())
    return OktaApi(settings)


@pytest.fixture
def okta(api: OktaApi) -> Okta:
    return Okta(api)


def effects(lab: Lab) -> list[str]:
    lines = lab.ledger("okta")
    assert all("violation" not in line for line in lines)
    return [line["operation"] for line in lines if line["effect"]]


async def settled(okta: Okta, changed: Callable[[AccountState], bool]) -> AccountState:
    """The System Log lags."""
    return await eventually(lambda: okta.get_state(ADA), changed)


@pytest.mark.parametrize("name", [ADA, LOGIN, "ADA@contoso.example", "ada"])
async def test_an_account_is_found_by_id_login_and_short_login(okta: Okta, name: str) -> None:
    found = await okta.get_user(name)
    assert (found.object_id, found.user_principal_name) == (ADA, LOGIN)
    assert (found.display_name, found.department, found.job_title, found.usage_location) == (
        "Ada Lind",
        "Finance",
        "Controller",
        "US",
    )
    assert (found.account_enabled, found.status) == (True, "ACTIVE")
    assert found.on_premises_sync_enabled is False


async def test_mail_reaches_the_owner_at_two_addresses(lab: Lab, okta: Okta) -> None:
    mail = {"email": "b.ek@contoso.example", "secondEmail": "bo@home.example"}
    profile = {"login": "bo@contoso.example", "firstName": "Bo", "lastName": "Ek"} | mail
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", profile=profile)))
    assert (await okta.get_user("00u2")).mail_addresses == list(mail.values())


async def test_who_is_not_there_is_not_found(okta: Okta) -> None:
    with pytest.raises(NotFound, match="E0000007: Not found: Resource not found: nobody"):
        await okta.get_user("nobody@contoso.example")


@pytest.mark.parametrize(
    ("status", "enabled"),
    [
        ("ACTIVE", True),
        ("PASSWORD_EXPIRED", True),
        ("LOCKED_OUT", True),
        ("RECOVERY", True),
        ("PROVISIONED", True),
        ("STAGED", False),
        ("SUSPENDED", False),
        ("DEPROVISIONED", False),
    ],
)
async def test_a_status_says_whether_anybody_may_get_in(
    lab: Lab, okta: Okta, status: str, enabled: bool
) -> None:
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", status=status)))
    found = await okta.get_user("00u2")
    state = await okta.get_state("00u2")
    assert (found.account_enabled, state.account_enabled) == (enabled, enabled)
    assert (found.status, state.status) == (status, status)
    assert state.password_reset_pending is (status == "RECOVERY")


async def test_roles_and_groups(lab: Lab, okta: Okta) -> None:
    old = {"id": "ra2", "type": "APP_ADMIN", "label": "Application Administrator"}
    lab.tenant(
        okta=org(
            user("root@contoso.example", id="00u3", roles=[SUPER, old | {"status": "INACTIVE"}])
        )
    )
    assert await okta.get_memberships(ADA) == Memberships(groups=["Finance"], roles=[])
    assert (await okta.get_memberships("00u3")).roles == ["Super Administrator"]


@pytest.mark.parametrize(
    ("kinds", "enabled"),
    [(["push"], True), (["email", "question"], False), ([], False), (["webauthn"], True)],
)
async def test_mail_and_a_question_are_no_second_factor(
    lab: Lab, okta: Okta, kinds: list[str], enabled: bool
) -> None:
    factors = [{"id": k, "factorType": k, "status": "ACTIVE"} for k in kinds]
    factors += [{"id": "late", "factorType": "u2f", "status": "PENDING_ACTIVATION"}]
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", factors=factors)))
    found = await okta.get_mfa_registration("00u2")
    assert (found.mfa_enabled, found.methods) == (enabled, kinds)


async def test_okta_has_no_opinion_on_risk(okta: Okta) -> None:
    assert await okta.get_risk(ADA) is None
    for statement in (okta.confirm_compromised, okta.dismiss_risk):
        with pytest.raises(NotSupported):
            await statement(ADA)


async def test_suspending_is_undone_by_unsuspending(lab: Lab, okta: Okta) -> None:
    await okta.set_enabled(ADA, enabled=False)
    assert (await okta.get_state(ADA)).account_enabled is False
    await okta.set_enabled(ADA, enabled=False)
    await okta.set_enabled(ADA, enabled=True)
    assert (await okta.get_state(ADA)).status == "ACTIVE"
    await okta.set_enabled(ADA, enabled=True)
    assert effects(lab) == ["users.suspend", "users.unsuspend"]


@pytest.mark.parametrize("status", ["RECOVERY", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED"])
async def test_only_an_active_account_is_suspended_and_others_say_so(
    lab: Lab, okta: Okta, status: str
) -> None:
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", status=status)))
    with pytest.raises(NotSupported, match=f"the account is {status}: ") as caught:
        await okta.set_enabled("00u2", enabled=False)
    assert caught.value.status == 400
    assert effects(lab) == []


async def test_a_deactivated_account_is_not_brought_back(lab: Lab, okta: Okta) -> None:
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", status="DEPROVISIONED")))
    with pytest.raises(NotSupported, match="DEPROVISIONED"):
        await okta.set_enabled("00u2", enabled=True)
    await okta.set_enabled("00u2", enabled=False)
    assert effects(lab) == []


async def test_a_reset_makes_the_password_worthless_and_mails_nothing(lab: Lab, okta: Okta) -> None:
    before = await okta.get_state(ADA)
    await okta.reset_password(ADA)
    state = await okta.get_state(ADA)
    assert (state.status, state.password_reset_pending) == ("RECOVERY", True)
    assert state.last_password_change_at != before.last_password_change_at
    (line,) = [line for line in lab.ledger("okta") if line["effect"]]
    assert (line["operation"], line["query"]["sendEmail"]) == ("users.reset_password", "false")
    assert line["detail"] == {"mailed": False}


async def test_the_reset_link_reaches_nobody(
    lab: Lab, okta: Okta, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await okta.reset_password(ADA)
    lab.fault("okta", "status", operation="users.reset_password", value=500)
    with pytest.raises(Exception, match="500") as caught:
        await okta.reset_password(ADA)
    assert "reset_password/" not in f"{caplog.text} {caught.value}"


async def test_a_suspended_account_is_not_reset_and_says_why(lab: Lab, okta: Okta) -> None:
    await okta.set_enabled(ADA, enabled=False)
    with pytest.raises(NotSupported, match="resets no password of an account that is SUSPENDED"):
        await okta.reset_password(ADA)
    assert effects(lab) == ["users.suspend"]


@pytest.mark.parametrize(
    ("provider", "synced"),
    [("ACTIVE_DIRECTORY", True), ("LDAP", True), ("FEDERATION", False), ("SOCIAL", False)],
)
async def test_a_password_that_okta_does_not_hold_is_not_reset(
    lab: Lab, okta: Okta, provider: str, synced: bool
) -> None:
    held = {"provider": {"type": provider, "name": "corp.example"}}
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2", credentials=held)))
    assert (await okta.get_user("00u2")).on_premises_sync_enabled is synced
    with pytest.raises(NotSupported, match=r"belongs to corp\.example"):
        await okta.reset_password("00u2")
    assert effects(lab) == []


async def test_the_system_log_proves_that_sessions_were_cleared(lab: Lab, okta: Okta) -> None:
    before = await okta.get_state(ADA)
    assert (before.sign_in_sessions_valid_from, before.unknown) == (None, {})
    await okta.revoke_sessions(ADA)
    state = await settled(okta, lambda s: s.sign_in_sessions_valid_from is not None)
    assert state.sign_in_sessions_valid_from is not None
    (line,) = [line for line in lab.ledger("okta") if line["effect"]]
    assert line["query"] == {"oauthTokens": "true", "forgetDevices": "true"}


async def test_another_account_s_cleared_sessions_prove_nothing(lab: Lab, okta: Okta) -> None:
    lab.tenant(okta=org(user("bo@contoso.example", id="00u2")))
    await okta.revoke_sessions("00u2")
    await eventually(
        lambda: okta.get_state("00u2"), lambda one: one.sign_in_sessions_valid_from is not None
    )
    assert (await okta.get_state(ADA)).sign_in_sessions_valid_from is None


async def test_without_the_log_s_scope_the_rest_is_known_and_the_reason_said(
    lab: Lab, settings: Settings
) -> None:
    lab.tenant(okta=org(scopes=["okta.users.read", "okta.users.manage"]))
    okta = Okta(OktaApi(settings))
    state = await okta.get_state(ADA)
    assert (state.account_enabled, state.status) == (True, "ACTIVE")
    assert "invalid_scope" in state.unknown["sign_in_sessions_valid_from"]
    assert "okta.logs.read" in state.unknown["sign_in_sessions_valid_from"]
    await okta.revoke_sessions(ADA)
    with pytest.raises(PermissionDenied, match=r"okta\.roles\.read"):
        await okta.get_memberships(ADA)


async def test_an_administrator_is_beyond_a_lesser_role(lab: Lab, settings: Settings) -> None:
    root = user("root@contoso.example", id="00u3", roles=[SUPER])
    lab.tenant(okta=org(root))
    okta = Okta(OktaApi(settings))
    for change in (okta.revoke_sessions, okta.reset_password):
        with pytest.raises(PermissionDenied, match="E0000006"):
            await change("00u3")
    with pytest.raises(PermissionDenied, match="E0000006"):
        await okta.set_enabled("00u3", enabled=False)
    assert effects(lab) == []
    lab.tenant(okta=org(root, appRoles=["SUPER_ADMIN"]))
    await okta.set_enabled("00u3", enabled=False)
    assert effects(lab) == ["users.suspend"]


async def test_factors_are_listed_with_when_they_came_and_removed(lab: Lab, api: OktaApi) -> None:
    methods = OktaMethods(api)
    found = {method.id: method for method in await methods.list_methods(ADA)}
    assert found["sms1"].label == "text message ending 42"
    assert found["sms1"].to_json()["created_at"] == SINCE
    assert "5550142" not in str(found)
    await methods.remove_method(ADA, found["sms1"])
    with pytest.raises(NotFound):
        await methods.remove_method(ADA, found["sms1"])
    # Okta removes what belongs to the same enrolment of its own app.
    await methods.remove_method(ADA, found["opf1"])
    assert await methods.list_methods(ADA) == []
    assert effects(lab) == ["users.factors.delete"] * 2


async def test_consents_in_force_are_listed_and_revoked_for_good(lab: Lab, api: OktaApi) -> None:
    grants = OktaGrants(api)
    (grant,) = await grants.list_grants(ADA)
    assert (grant.id, grant.client_id, grant.principal_id) == ("oag1", "0oamailer", ADA)
    assert grant.to_json()["created_at"] == SINCE
    await grants.revoke_grant(ADA, grant)
    assert await grants.list_grants(ADA) == []
    with pytest.raises(NotFound):
        await grants.revoke_grant(ADA, grant)
    with pytest.raises(NotSupported, match="nobody consent for a user"):
        await grants.restore_grant(ADA, grant)
    assert effects(lab) == ["users.grants.delete"]


async def test_a_list_is_read_page_by_page(api: OktaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.providers.okta.models import Factor
    from shared.providers.response import VendorResponse

    asked: list[tuple[str, Any]] = []

    async def call(
        operation: str, method: str, target: str, *, scope: str, params: Any = None
    ) -> VendorResponse:
        asked.append((target, params))
        following = '<https://o.example/x>; rel="self", <https://o.example/x?after=2>; rel="next"'
        headers = {"Link": following} if len(asked) == 1 else {}
        return VendorResponse(200, headers, [{"id": f"f{len(asked)}", "factorType": "push"}])

    monkeypatch.setattr(api, "call", call)
    found = await api.read_all("list", "/x", Factor, params={"limit": 1})
    assert [factor.id for factor in found] == ["f1", "f2"]
    assert asked == [("/x", {"limit": 1}), ("https://o.example/x?after=2", None)]
