"""An identity that cannot be one is a setting to be corrected, never a stack trace."""

import pytest

from shared.errors import NotConfigured
from shared.providers.credentials import close_credential, token_for
from shared.providers.sessions import close_sessions

WRONG = {
    "no such certificate": {
        "AZURE_CLIENT_CERTIFICATE_PATH": "/no/such/file.pem",
        "AZURE_CLIENT_ID": "7d9c2a35-0d0b-4f0e-8a52-0a4c1c7b9e21",
        "AZURE_TENANT_ID": "3f0a52c1-6f1d-4c55-9d0e-6f6a7d1c2b10",
    },
    "no tenant": {
        "AZURE_CLIENT_SECRET": "secret-4711",
        "AZURE_CLIENT_ID": "7d9c2a35-0d0b-4f0e-8a52-0a4c1c7b9e21",
        "AZURE_TENANT_ID": "my tenant",
    },
    "no ids": {"AZURE_FEDERATED_TOKEN_FILE": "/no/such/token"},
    "no https": {
        "AZURE_AUTHORITY_HOST": "http://login.example",
        "AZURE_CLIENT_SECRET": "secret-4711",
        "AZURE_CLIENT_ID": "7d9c2a35-0d0b-4f0e-8a52-0a4c1c7b9e21",
        "AZURE_TENANT_ID": "3f0a52c1-6f1d-4c55-9d0e-6f6a7d1c2b10",
    },
}
NAMES = {name for environment in WRONG.values() for name in environment} | {"IDENTITY_ENDPOINT"}


@pytest.mark.parametrize("wrong", WRONG)
async def test_an_identity_that_cannot_be_one_is_not_configured(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in WRONG[wrong].items():
        monkeypatch.setenv(name, value)
    try:
        with pytest.raises(NotConfigured) as refused:
            await token_for("https://graph.microsoft.com/.default")
    finally:
        await close_credential()
        await close_sessions()
    assert "secret-4711" not in str(refused.value)
