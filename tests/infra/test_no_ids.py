"""No id of a tenant or subscription is here, but those of nobody and of published samples."""

import pytest

from tests.unit.source_files import ROOT, repository_files
from tools.supply_chain.ids import named_ids, unknown_ids


def test_only_ids_of_nobody_and_of_published_samples_are_here() -> None:
    for file in repository_files():
        try:
            text = (ROOT / file).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        assert unknown_ids(text, file) == set(), file


@pytest.mark.parametrize(
    "text",
    [
        "/subscriptions/{}/resourceGroups/rg",
        "https://login.microsoftonline.com/{}/v2.0",
        'AZURE_TENANT_ID="{}"',
        '"tenantId": "{}"',
        "subscription_id = '{}'",
        "az account set --subscription {}",
        "az login --tenant {}",
        "az login --tenant={}",
        "azd env set AZURE_SUBSCRIPTION_ID {}",
        "tenant: {}",
        'TENANT = "{}"',
        "subscription = '{}'",
        "tenant-id: {}",
        "subscription-id: {}",
        "azd auth login --tenant-id {}",
        "Subscription ID: {}",
        "Directory (tenant) ID: {}",
        '"tid": "{}"',
        "value(tenantId, `{}`)",
        "| Tenant | {} |",
    ],
)
def test_somebodys_id_is_noticed(text: str) -> None:
    one = "8c1e5a3f-0f5e-4b55-8a51-" + "6d1f5b0c9a77"
    assert list(named_ids(text.format(one))) == [one]
    assert list(named_ids(text.format("00000000-0000-0000-0000-000000000002"))) == []
