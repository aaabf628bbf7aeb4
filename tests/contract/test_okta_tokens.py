"""How the app proves to Okta who it is: assertion, proof of possession, API token; and failures."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from shared.errors import (
    NotConfigured,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.providers.okta import Okta, OktaApi, OktaGrants, OktaMethods
from shared.providers.okta.tokens import read_private_key
from shared.settings import Settings
from tests.contract.okta_account import ADA, org
from tests.contract.processes import Lab

type Method = Callable[[Settings], Awaitable[object]]
METHODS: dict[str, Method] = {
    "get_user": lambda s: Okta(OktaApi(s)).get_user(ADA),
    "get_memberships": lambda s: Okta(OktaApi(s)).get_memberships(ADA),
    "get_mfa_registration": lambda s: Okta(OktaApi(s)).get_mfa_registration(ADA),
    "get_state": lambda s: Okta(OktaApi(s)).get_state(ADA),
    "revoke_sessions": lambda s: Okta(OktaApi(s)).revoke_sessions(ADA),
    "reset_password": lambda s: Okta(OktaApi(s)).reset_password(ADA),
    "set_enabled": lambda s: Okta(OktaApi(s)).set_enabled(ADA, enabled=False),
    "list_methods": lambda s: OktaMethods(OktaApi(s)).list_methods(ADA),
    "list_grants": lambda s: OktaGrants(OktaApi(s)).list_grants(ADA),
}


def tokens_asked(lab: Lab) -> list[tuple[str, int]]:
    return [(i["target"], i["status"]) for i in lab.ledger("okta") if i["operation"] == "token"]


async def test_a_bound_token_is_asked_for_when_okta_demands_it(
    lab: Lab, settings: Settings
) -> None:
    lab.tenant(okta=org(requireDpop=True))
    okta = Okta(OktaApi(settings))
    await okta.get_user(ADA)
    await okta.get_user(ADA)
    # Refused without a proof, refused without the number that the refusal hands out, then given.
    assert [status for _scope, status in tokens_asked(lab)] == [400, 400, 200]
    await okta.revoke_sessions(ADA)
    assert tokens_asked(lab)[3:] == [("okta.users.manage", 200)], "Okta's demand is remembered"


async def test_a_token_that_was_revoked_is_asked_for_anew(lab: Lab, settings: Settings) -> None:
    lab.tenant(okta=org())
    okta = Okta(OktaApi(settings))
    await okta.get_user(ADA)
    lab.tenant(okta=org(revokeTokens=True))
    await okta.get_user(ADA)
    asked = [(line["operation"], line["status"]) for line in lab.ledger("okta")]
    once = [("token", 200), ("users.get", 200)]
    assert asked == [*once, ("users.get", 401), *once]


async def test_a_plain_token_is_enough_where_okta_says_so(lab: Lab, settings: Settings) -> None:
    lab.tenant(okta=org(requireDpop=False))
    await Okta(OktaApi(settings)).get_state(ADA)
    assert sorted(tokens_asked(lab)) == [("okta.logs.read", 200), ("okta.users.read", 200)]


async def test_each_scope_has_its_own_token(lab: Lab, settings: Settings) -> None:
    lab.tenant(okta=org(requireDpop=False, scopes=["okta.users.read"]))
    okta = Okta(OktaApi(settings))
    with pytest.raises(PermissionDenied, match=r"invalid_scope: .* \(scope okta\.users\.manage\)"):
        await okta.revoke_sessions(ADA)
    assert (await okta.get_user(ADA)).object_id == ADA


async def test_an_api_token_does_without_any_other(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    lab.tenant(okta=org())
    token = lab.environment["LAB_OKTA_API_TOKEN"]
    await Okta(OktaApi(make_settings(okta_api_token=token))).revoke_sessions(ADA)
    assert tokens_asked(lab) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"okta_api_token": "guessed-token"},
        {"okta_client_id": "0oasomebodyelse"},
        {"okta_private_key": json.dumps({})},
    ],
)
async def test_wrong_credentials_are_named_and_not_quoted(
    lab: Lab, make_settings: Callable[..., Settings], wrong: dict[str, str]
) -> None:
    if "okta_private_key" in wrong:
        other = ec.generate_private_key(ec.SECP256R1())
        wrong = {"okta_private_key": jwt.algorithms.ECAlgorithm.to_jwk(other)}
    lab.tenant(okta=org())
    with pytest.raises(PermissionDenied) as caught:
        await Okta(OktaApi(make_settings(**wrong))).get_user(ADA)
    assert caught.value.status == 401
    assert not any(value in str(caught.value) for value in wrong.values())


@pytest.mark.parametrize(
    "missing", [{"okta_private_key": None}, {"okta_client_id": None}, {"okta_url": None}]
)
async def test_missing_settings_are_named(
    lab: Lab, make_settings: Callable[..., Settings], missing: dict[str, Any]
) -> None:
    with pytest.raises(NotConfigured, match="TOURNIQUET_OKTA_"):
        await Okta(OktaApi(make_settings(**missing))).get_user(ADA)


@pytest.mark.parametrize("kind", ["jwk", "pem", "one line"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_private_keys_are_taken_as_okta_or_openssl_write_them(kind: str, algorithm: str) -> None:
    private: Any = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if algorithm == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    name = "RSAAlgorithm" if algorithm == "RS256" else "ECAlgorithm"
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    if kind == "jwk":
        text = json.dumps(json.loads(getattr(jwt.algorithms, name).to_jwk(private)) | {"kid": "k"})
    if kind == "one line":
        text = text.replace("\n", "\\n")
    key = read_private_key(text)
    assert key.algorithm_name == algorithm
    assert key.key_id == ("k" if kind == "jwk" else None)
    signed = jwt.encode({"iss": "me"}, key.key, algorithm=algorithm)
    assert jwt.decode(signed, private.public_key(), algorithms=[algorithm]) == {"iss": "me"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "-----BEGIN PRIVATE KEY-----", "secret"])
def test_anything_else_is_no_private_key(text: str) -> None:
    with pytest.raises(NotConfigured, match="neither a private JWK nor PEM"):
        read_private_key(text)


def test_a_public_key_is_no_private_key() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (pem, jwt.algorithms.ECAlgorithm.to_jwk(public)):
        with pytest.raises(NotConfigured):
            read_private_key(text)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "value": 429, "retry_after": 600}, Throttled),
        ({"kind": "status", "value": 500}, RetryableError),
        ({"kind": "reset"}, RetryableError),
        ({"kind": "malformed"}, RetryableError),
        ({"kind": "status", "value": 403}, PermissionDenied),
    ],
)
async def test_failures_have_their_type(
    lab: Lab, settings: Settings, method: str, fault: dict[str, Any], error: type[TourniquetError]
) -> None:
    lab.tenant(okta=org())
    lab.fault("okta", **fault)
    with pytest.raises(error) as caught:
        await METHODS[method](settings)
    assert caught.value.vendor == "okta"


async def test_a_limit_is_waited_for_as_long_as_okta_says(lab: Lab, settings: Settings) -> None:
    lab.tenant(okta=org(requireDpop=False))
    lab.fault("okta", "status", operation="users.get", value=429, times=1)
    assert (await Okta(OktaApi(settings)).get_user(ADA)).object_id == ADA
    assert [i["status"] for i in lab.ledger("okta") if i["operation"] == "users.get"] == [429, 200]


@pytest.mark.parametrize("change", ["reset_password", "set_enabled"])
async def test_a_change_whose_answer_was_lost_is_not_sent_again(
    lab: Lab, settings: Settings, change: str
) -> None:
    lab.tenant(okta=org())
    operations = {
        "reset_password": "users.reset_password",
        "set_enabled": "users.suspend",
    }
    lab.fault("okta", "reset", operation=operations[change], when="after")
    with pytest.raises(RetryableError):
        await METHODS[change](settings)
    assert [i["operation"] for i in lab.ledger("okta") if i["effect"]] == [operations[change]]
