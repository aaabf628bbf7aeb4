"""A key that the platform could not read from the vault opens nothing."""

import pytest

from shared.settings import Settings

REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv-tourniquet.vault.azure.net/secrets/key/)"
OURS = ("link_signing_key", "automation_key", "slack_signing_secret")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("value", [REFERENCE, f" {REFERENCE.upper()}"])
def test_a_reference_is_no_key(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TOURNIQUET_{name.upper()}", value)
    settings = Settings()
    assert getattr(settings, name) is None
    assert settings.unread_secrets() == [f"TOURNIQUET_{name.upper()}"]


@pytest.mark.parametrize("name", OURS)
def test_a_key_is_a_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TOURNIQUET_{name.upper()}", "a key that was read")
    settings = Settings()
    assert getattr(settings, name).get_secret_value() == "a key that was read"
    assert settings.unread_secrets() == []


def test_a_vendors_unread_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOURNIQUET_VIRUSTOTAL_API_KEY", REFERENCE)
    assert Settings().unread_secrets() == ["TOURNIQUET_VIRUSTOTAL_API_KEY"]
