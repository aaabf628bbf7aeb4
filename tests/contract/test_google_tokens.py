"""Proving to Google who we are: a key, federation from Azure, and what goes wrong with either."""

import asyncio
import json
from collections.abc import Callable

import pytest

from lab.simulators.config import GOOGLE_ACCOUNT
from shared.errors import NotConfigured, PermissionDenied, RetryableError, Throttled
from shared.providers.google_secops_soar import GoogleSecOpsCases
from shared.settings import Settings
from tests.contract.google_account import federation, secops
from tests.contract.processes import Lab

type MakeSettings = Callable[..., Settings]


def key_file(lab: Lab, **changes: str) -> str:
    return json.dumps(json.loads(lab.environment["TOURNIQUET_GOOGLE_CREDENTIALS"]) | changes)


async def test_one_token_serves_many_calls_at_once(lab: Lab, make_settings: MakeSettings) -> None:
    cases = GoogleSecOpsCases(make_settings(**secops(lab)))
    await asyncio.gather(*(cases.find("case-1") for _ in range(5)))
    [asked] = lab.ledger("google_token")
    assert (asked["operation"], asked["target"]) == ("token", GOOGLE_ACCOUNT)
    assert len(lab.ledger("google_secops_soar")) == 5


async def test_an_azure_identity_becomes_the_service_account(
    lab: Lab, make_settings: MakeSettings
) -> None:
    settings = make_settings(**secops(lab, google_credentials=federation(lab)))
    assert await GoogleSecOpsCases(settings).find("case-1") is None
    paths = [line["path"].rpartition("/")[2] for line in lab.ledger("google_token")]
    assert paths == ["token", f"{GOOGLE_ACCOUNT}:generateAccessToken"]
    [azure] = lab.ledger("entra_token")
    assert azure["body"]["scope"] == "https://graph.microsoft.com/.default"


async def test_without_impersonation_the_pools_own_token_is_used(
    lab: Lab, make_settings: MakeSettings
) -> None:
    credentials = federation(lab, service_account_impersonation_url=None)
    with pytest.raises(PermissionDenied, match="does not have permission"):
        await GoogleSecOpsCases(make_settings(**secops(lab, google_credentials=credentials))).find(
            "case-1"
        )
    assert len(lab.ledger("google_token")) == 1


@pytest.mark.parametrize(
    ("credentials", "why"),
    [
        (None, "is not set"),
        ("{}", "neither"),
        ("not JSON at all, my-secret", "neither"),
        ('{"type": "authorized_user", "refresh_token": "my-secret"}', "neither"),
        ('{"type": "service_account", "client_email": "a@b.example"}', "private_key"),
    ],
)
async def test_what_is_no_identity_is_said_and_not_quoted(
    lab: Lab, make_settings: MakeSettings, credentials: str | None, why: str
) -> None:
    settings = make_settings(**secops(lab, google_credentials=credentials))
    with pytest.raises(NotConfigured, match=why) as raised:
        await GoogleSecOpsCases(settings).find("case-1")
    assert "my-secret" not in str(raised.value)
    assert lab.ledger("google_token") == lab.ledger("google_secops_soar") == []


async def test_a_key_that_is_none_is_not_quoted(lab: Lab, make_settings: MakeSettings) -> None:
    credentials = key_file(lab, private_key="my-secret")
    with pytest.raises(NotConfigured, match="not a private RSA key") as raised:
        await GoogleSecOpsCases(make_settings(**secops(lab, google_credentials=credentials))).find(
            "case-1"
        )
    assert "my-secret" not in str(raised.value)


async def test_an_account_that_google_does_not_know_is_a_missing_permission(
    lab: Lab, make_settings: MakeSettings
) -> None:
    credentials = key_file(lab, client_email="nobody@contoso-soc.iam.gserviceaccount.com")
    with pytest.raises(PermissionDenied, match="account not found"):
        await GoogleSecOpsCases(make_settings(**secops(lab, google_credentials=credentials))).find(
            "case-1"
        )
    assert len(lab.ledger("google_token")) == 1


async def test_a_federation_that_names_no_azure_app_is_not_configured(
    lab: Lab, make_settings: MakeSettings
) -> None:
    credentials = federation(lab, credential_source={"file": "/token"})
    with pytest.raises(NotConfigured, match="Azure app"):
        await GoogleSecOpsCases(make_settings(**secops(lab, google_credentials=credentials))).find(
            "case-1"
        )


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("status", {"value": 429, "retry_after": 60}, Throttled),
        ("status", {"value": 500}, RetryableError),
        ("malformed", {}, RetryableError),
        ("reset", {}, RetryableError),
    ],
)
async def test_a_token_endpoint_that_fails_has_its_type(
    lab: Lab,
    make_settings: MakeSettings,
    kind: str,
    more: dict[str, float],
    expected: type[RetryableError],
) -> None:
    lab.fault("google_token", kind, **more)
    with pytest.raises(expected) as raised:
        await GoogleSecOpsCases(make_settings(**secops(lab, call_attempts=1))).find("case-1")
    assert (raised.value.vendor, raised.value.operation) == ("google_token", "token")


async def test_a_token_that_google_takes_no_more_is_asked_for_anew(
    lab: Lab, make_settings: MakeSettings
) -> None:
    cases = GoogleSecOpsCases(make_settings(**secops(lab)))
    await cases.find("case-1")
    lab.reset()
    assert await cases.find("case-1") is None
    assert [line["status"] for line in lab.ledger("google_secops_soar")] == [401, 200]
