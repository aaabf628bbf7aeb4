"""What an earlier provisioning made, where azd's environment does not say so.

On another machine or in a pipeline azd knows no output before `azd env refresh`, and an output of a
feature that is off is blank although its resource stays. Taken for absent, an IP group would be
made anew without its addresses, references to secrets would leave the app's settings, and a locked
policy would be set.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tools.provision.cloud import ARM, ENVIRONMENT, SUBSCRIPTION, Cloud, Json, Missing

TAG = "azd-env-name"


class Output(NamedTuple):
    """A value of azd's environment, and the resource that it is of."""

    variable: str
    kind: str
    version: str
    begins: str
    field: str


OUTPUTS = (
    Output("TOURNIQUET_APP_NAME", "Microsoft.Web/sites", "2024-11-01", "func-tourniquet-", "name"),
    Output("TOURNIQUET_VAULT_NAME", "Microsoft.KeyVault/vaults", "2024-11-01", "kv-", "name"),
    Output(
        "TOURNIQUET_EVIDENCE_ACCOUNT",
        "Microsoft.Storage/storageAccounts",
        "2025-06-01",
        "stcase",
        "name",
    ),
    Output(
        "TOURNIQUET_IP_GROUP_RESOURCE_ID",
        "Microsoft.Network/ipGroups",
        "2024-10-01",
        "ipg-tourniquet-blocked-",
        "id",
    ),
)


def find_outputs(cloud: Cloud) -> Iterator[str]:
    """Look up by their tag what azd does not remember; asks each provider, not Azure's index."""
    name = f"rg-{cloud.value(ENVIRONMENT)}"
    group = f"{ARM}/subscriptions/{cloud.value(SUBSCRIPTION)}/resourceGroups/{name}"
    for one in OUTPUTS:
        if cloud.value(one.variable):
            continue
        url = f"{group}/providers/{one.kind}?api-version={one.version}"
        found = [item for item in _all(cloud, url) if _is_ours(cloud, item, one.begins)]
        if found:
            cloud.remember("AZURE_RESOURCE_GROUP", name)
            cloud.remember(one.variable, str(found[0][one.field]))
            yield f"{found[0]['name']} is there from an earlier provisioning"


def _is_ours(cloud: Cloud, item: Json, begins: str) -> bool:
    tags: Json = item.get("tags") or {}
    return str(item["name"]).startswith(begins) and tags.get(TAG) == cloud.value(ENVIRONMENT)


def _all(cloud: Cloud, url: str) -> Iterator[Json]:
    try:
        while url:
            page = cloud.get(url)
            yield from page.get("value", [])
            url = page.get("nextLink", "")
    except Missing:
        # There is no such group: nothing was made yet.
        return
