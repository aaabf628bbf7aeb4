"""The environment decides which identity is used, as Azure documents it."""

from collections.abc import AsyncIterator

import pytest

from shared.errors import (
    NotConfigured,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
    Unauthenticated,
)
from shared.providers import clouds
from shared.providers.azure import error_from_azure
from shared.providers.credentials import close_credential, get_credential
from shared.providers.sessions import close_sessions

NAMES = (
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "AZURE_AUTHORITY_HOST",
    "AZURE_TOKEN_CREDENTIALS",
)
TENANT = {"AZURE_TENANT_ID": "3f0a52c1-6f1d-4c55-9d0e-6f6a7d1c2b10", "AZURE_CLIENT_ID": "app"}
MANAGED = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/token", "IDENTITY_HEADER": "h"}


@pytest.fixture(autouse=True)
async def clean(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    yield
    await close_credential()
    await close_sessions()


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        (TENANT | {"AZURE_CLIENT_SECRET": "s"}, "EnvironmentCredential"),
        (TENANT | {"AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}, "WorkloadIdentityCredential"),
        (MANAGED, "ManagedIdentityCredential"),
        (MANAGED | {"AZURE_CLIENT_ID": "app"}, "ManagedIdentityCredential"),
        ({}, "DefaultAzureCredential"),
        (
            TENANT | {"AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": "https://localhost:7091"},
            "EnvironmentCredential",
        ),
    ],
)
async def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], kind: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert get_credential().kind == kind
    assert get_credential() is get_credential()


@pytest.mark.parametrize(
    ("service", "url", "scope"),
    [
        (clouds.GRAPH, "https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/.default"),
        (clouds.GRAPH, "https://graph.microsoft.us/v1.0", "https://graph.microsoft.us/.default"),
        (clouds.GRAPH, "https://gateway.example/graph", "https://graph.microsoft.com/.default"),
        (
            clouds.RESOURCE_MANAGER,
            "https://management.usgovcloudapi.net",
            "https://management.usgovcloudapi.net/.default",
        ),
        (
            clouds.LOG_ANALYTICS,
            "https://api.loganalytics.io/v1",
            "https://api.loganalytics.io/.default",
        ),
    ],
)
def test_a_token_is_meant_for_the_service(service: str, url: str, scope: str) -> None:
    assert clouds.scope(service, url) == scope


def test_sdk_errors_have_our_types() -> None:
    from azure.core import exceptions as azure
    from azure.identity import CredentialUnavailableError

    def kind(error: azure.AzureError) -> type[TourniquetError]:
        return type(error_from_azure(error, vendor="v", operation="o"))

    def status(code: int) -> azure.HttpResponseError:
        error = azure.HttpResponseError("no")
        error.status_code = code
        return error

    assert kind(CredentialUnavailableError("none")) is NotConfigured
    assert kind(azure.ClientAuthenticationError("no")) is Unauthenticated
    assert kind(azure.ServiceResponseError("reset")) is RetryableError
    assert kind(azure.DecodeError("cut")) is RetryableError
    assert kind(status(429)) is Throttled
    assert kind(status(503)) is RetryableError
    assert kind(status(403)) is PermissionDenied
