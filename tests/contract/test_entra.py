"""The ``Directory`` port against the Graph simulator, which validates by Graph's own schema."""

import subprocess
import sys
from typing import Any

import pytest

from shared.errors import (
    NotFound,
    NotSupported,
    PermissionDenied,
    RetryableError,
)
from shared.models.directory import Memberships, MfaRegistration
from shared.providers.entra import Entra
from shared.providers.entra.passwords import random_password
from shared.providers.entra.risk import lacks_licence
from shared.settings import Settings
from tests.contract.entra_account import ANNA, BEN, UPN, USER
from tests.contract.processes import ROOT, Lab


@pytest.fixture
def entra(lab: Lab, settings: Settings) -> Entra:
    lab.tenant(directory={"users": [USER, {"id": BEN, "userPrincipalName": "ben@contoso.example"}]})
    return Entra(settings)


@pytest.mark.parametrize("user_id", [ANNA, UPN])
async def test_get_user_by_id_or_name(entra: Entra, user_id: str) -> None:
    user = await entra.get_user(user_id)

    assert user.object_id == ANNA
    assert user.user_principal_name == UPN
    assert user.display_name == "Anna Berg"
    assert user.account_enabled is True
    assert user.user_type == "Member"
    assert user.on_premises_sync_enabled is False
    assert user.department == "Finance"
    assert user.last_password_change_at is not None


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, ""),
        ({"onPremisesSyncEnabled": True}, None),
        ({"onPremisesSyncEnabled": True, "onPremisesSamAccountName": "berga"}, "berga"),
    ],
)
async def test_the_name_on_premises_is_told(
    lab: Lab, settings: Settings, facts: dict[str, Any], name: str | None
) -> None:
    lab.tenant(directory={"users": [USER | facts]})
    assert (await Entra(settings).get_user(ANNA)).on_premises_name == name


async def test_mail_reaches_the_owner_at_other_names(lab: Lab, settings: Settings) -> None:
    named = {
        "mail": "a.berg@contoso.example",
        "proxyAddresses": [
            "SMTP:a.berg@contoso.example",
            "smtp:anna@mail.contoso.example",
            "x500:/o=Contoso/cn=anna",
            "SIP:anna@voice.contoso.example",
        ],
    }
    lab.tenant(directory={"users": [USER | named, {"id": BEN, "userPrincipalName": "ben@b.c"}]})
    entra = Entra(settings)

    found = (await entra.get_user(ANNA)).mail_addresses
    assert found == ["a.berg@contoso.example", "anna@mail.contoso.example"]
    assert (await entra.get_user(BEN)).mail_addresses == ["ben@b.c"]
    lab.tenant(directory={"users": [USER | {"mail": None}]})
    assert (await entra.get_user(ANNA)).mail_addresses == []


async def test_get_user_selects_only_what_is_used(entra: Entra, lab: Lab) -> None:
    await entra.get_user(ANNA)

    (line,) = lab.ledger("entra")
    assert line["operation"] == "users.get"
    assert line["status"] == 200


async def test_names_are_percent_encoded(entra: Entra, lab: Lab) -> None:
    name = "guest_gmail.com#EXT#/x?y@contoso.example"
    with pytest.raises(NotFound):
        await entra.get_user(name)

    (line,) = lab.ledger("entra")
    assert line["path"].endswith("/users/guest_gmail.com%23EXT%23%2Fx%3Fy@contoso.example")


async def test_memberships(entra: Entra) -> None:
    found = await entra.get_memberships(ANNA)

    assert found == Memberships(groups=["Finance"], roles=["Directory Readers"])


async def test_many_memberships_are_paged(lab: Lab, settings: Settings) -> None:
    groups = [{"displayName": f"Group {number}"} for number in range(1200)]
    lab.tenant(directory={"users": [USER | {"transitiveMemberOf": groups}]})

    found = await Entra(settings).get_memberships(ANNA)

    assert len(found.groups) == 1200
    assert len(lab.ledger("entra")) == 2


async def test_mfa_registration(entra: Entra) -> None:
    assert await entra.get_mfa_registration(ANNA) == MfaRegistration(
        mfa_enabled=True, is_admin=True, methods=["microsoftAuthenticatorPush"]
    )
    assert await entra.get_mfa_registration(BEN) == MfaRegistration()


async def test_risk(entra: Entra) -> None:
    risk = await entra.get_risk(ANNA)

    assert risk is not None
    assert (risk.level, risk.state) == ("high", "atRisk")
    assert await entra.get_risk(BEN) is None


async def test_a_missing_permission_for_risk_is_not_no_risk(entra: Entra, lab: Lab) -> None:
    lab.fault("entra", "status", value=403)

    with pytest.raises(PermissionDenied):
        await entra.get_risk(ANNA)


def test_a_missing_licence_for_risk_is_told_from_a_missing_permission() -> None:
    # Both as Graph words them.
    no_licence = "Forbidden: Your tenant is not licensed for this feature."
    no_scope = (
        "Forbidden: You cannot perform the requested operation, required scopes are missing in the"
        " token."
    )

    assert lacks_licence(PermissionDenied(no_licence))
    assert not lacks_licence(PermissionDenied(no_scope))


async def test_revoke_sessions_moves_the_read_back(entra: Entra, lab: Lab) -> None:
    before = await entra.get_state(ANNA)
    await entra.revoke_sessions(ANNA)
    after = await entra.get_state(ANNA)

    assert before.sign_in_sessions_valid_from is not None
    assert after.sign_in_sessions_valid_from is not None
    assert after.sign_in_sessions_valid_from > before.sign_in_sessions_valid_from
    assert [e["operation"] for e in lab.ledger("entra") if e["effect"]] == ["revokeSignInSessions"]


async def test_reset_password_changes_only_the_password(entra: Entra, lab: Lab) -> None:
    before = await entra.get_state(ANNA)
    await entra.reset_password(ANNA)
    after = await entra.get_state(ANNA)

    assert after.last_password_change_at != before.last_password_change_at
    (change,) = (entry for entry in lab.ledger("entra") if entry["effect"])
    assert list(change["body"]) == ["passwordProfile"]
    assert change["body"]["passwordProfile"]["forceChangePasswordNextSignIn"] is True


async def test_an_administrator_is_out_of_reach(lab: Lab, settings: Settings) -> None:
    role = {
        "displayName": "Global Administrator",
        "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
    }
    lab.tenant(directory={"users": [USER | {"transitiveMemberOf": [role]}]})

    with pytest.raises(PermissionDenied, match="Insufficient privileges") as caught:
        await Entra(settings).set_enabled(ANNA, enabled=False)

    assert caught.value.status == 403


async def test_set_enabled_changes_only_that(entra: Entra, lab: Lab) -> None:
    await entra.set_enabled(ANNA, enabled=False)
    assert (await entra.get_state(ANNA)).account_enabled is False
    await entra.set_enabled(ANNA, enabled=True)
    assert (await entra.get_state(ANNA)).account_enabled is True

    bodies = [entry["body"] for entry in lab.ledger("entra") if entry["effect"]]
    assert bodies == [{"accountEnabled": False}, {"accountEnabled": True}]


async def test_confirm_compromised(entra: Entra) -> None:
    await entra.confirm_compromised(ANNA)

    risk = await entra.get_risk(ANNA)
    assert risk is not None
    assert risk.state == "confirmedCompromised"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"onPremisesSyncEnabled": True}, "on-premises"),
        ({"userPrincipalName": "x_gmail.com#EXT#@contoso.example", "userType": "Guest"}, "guest"),
    ],
)
async def test_passwords_mastered_elsewhere_are_not_reset(
    lab: Lab, settings: Settings, change: dict[str, Any], reason: str
) -> None:
    lab.tenant(directory={"users": [USER | change]})

    with pytest.raises(NotSupported, match=reason):
        await Entra(settings).reset_password(ANNA)

    assert [entry["method"] for entry in lab.ledger("entra")] == ["GET"]


async def test_a_federated_password_is_not_reset_here(lab: Lab, settings: Settings) -> None:
    federated = [{"id": "contoso.example", "authenticationType": "Federated"}]
    lab.tenant(directory={"users": [USER], "domains": federated})
    entra = Entra(settings)
    for _ in range(2):
        with pytest.raises(NotSupported, match=r"contoso\.example is federated"):
            await entra.reset_password(ANNA)
    operations = [entry["operation"] for entry in lab.ledger("entra")]
    assert operations == ["users.get", "domains.get", "users.get"], "a domain is read once"


async def test_an_account_that_was_just_read_is_not_read_again(
    lab: Lab, settings: Settings
) -> None:
    federated = [{"id": "contoso.example", "authenticationType": "Federated"}]
    lab.tenant(directory={"users": [USER], "domains": federated})
    entra = Entra(settings)
    known = await entra.get_state(ANNA)
    with pytest.raises(NotSupported, match=r"contoso\.example is federated"):
        await entra.reset_password(ANNA, known=known)
    with pytest.raises(NotSupported, match="on-premises"):
        synced = known.model_copy(update={"on_premises_sync_enabled": True})
        await entra.reset_password(ANNA, known=synced)
    operations = [entry["operation"] for entry in lab.ledger("entra")]
    assert operations == ["users.get", "domains.get"]


async def test_who_checks_a_password_is_known_before_it_is_replaced(
    lab: Lab, settings: Settings
) -> None:
    federated = [{"id": "contoso.example", "authenticationType": "Federated"}]
    lab.tenant(directory={"users": [USER], "domains": federated})
    entra = Entra(settings)
    user = await entra.get_user(ANNA)
    assert await entra.federated_domain(user) == "contoso.example"
    lab.tenant(directory={"users": [USER]})
    assert await Entra(settings).federated_domain(user) is None
    lab.fault("entra", "status", operation="domains.get", value=403)
    assert await Entra(settings).federated_domain(user) is None, "unknown: the reset looks again"
    lab.fault("entra", "status", operation="domains.get", value=503)
    with pytest.raises(RetryableError):
        await Entra(settings).federated_domain(user)


async def test_a_domain_that_may_not_be_read_does_not_stop_a_reset(entra: Entra, lab: Lab) -> None:
    lab.fault("entra", "status", operation="domains.get", value=403)
    await entra.reset_password(ANNA)
    assert [e["operation"] for e in lab.ledger("entra") if e["effect"]] == ["users.patch"]


def test_passwords_are_long_complex_and_never_the_same() -> None:
    passwords = {random_password() for _ in range(200)}

    assert len(passwords) == 200
    for password in passwords:
        assert len(password) >= 32
        assert any(c.islower() for c in password)
        assert any(c.isupper() for c in password)
        assert any(c.isdigit() for c in password)
        assert any(not c.isalnum() for c in password)


def test_no_generated_model_is_imported(lab: Lab) -> None:
    lab.tenant(directory={"users": [USER]})
    program = (
        "import asyncio, sys\n"
        "from shared.providers.entra import Entra\n"
        "from shared.settings import get_settings\n"
        f"asyncio.run(Entra(get_settings()).get_user({ANNA!r}))\n"
        "print(sum(name.startswith('msgraph.generated.models') for name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 20
