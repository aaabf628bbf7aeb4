"""What provisioning has to know beforehand, so that it changes nothing that people depend on."""

from collections.abc import Iterator
from urllib.parse import quote

from pydantic import SecretStr

from shared.odata import odata_literal
from shared.settings import Settings
from tools.provision.cloud import (
    ARM,
    ENVIRONMENT,
    GRAPH,
    SUBSCRIPTION,
    Cloud,
    CloudError,
    Denied,
    Json,
    Missing,
)

PROVIDERS = (
    *("Microsoft.App", "Microsoft.DurableTask", "Microsoft.EventGrid", "Microsoft.Insights"),
    *("Microsoft.KeyVault", "Microsoft.Logic", "Microsoft.ManagedIdentity", "Microsoft.Network"),
    *("Microsoft.OperationalInsights", "Microsoft.OperationsManagement"),
    *("Microsoft.SecurityInsights", "Microsoft.Storage", "Microsoft.Web"),
)
"""Nothing of Microsoft.App is in the templates, so that nobody else registers it for Flex
Consumption's network."""
SENTINEL_APP = "98785600-1bb7-4fb9-b9fa-19afe2c8a360"
"""Application id of "Azure Security Insights", the same in every tenant."""
OTHER_SECRETS = ("OTEL_EXPORTER_OTLP_HEADERS",)
"""Secrets of the host that can be in the vault, too: here a collector's credentials."""
LINK_KEY = "TOURNIQUET_LINK_SIGNING_KEY"
SIGN_IN_TABLES = ("SigninLogs", "AADNonInteractiveUserSignInLogs")


def secret_settings() -> list[str]:
    """Return the settings that are secrets."""
    return sorted(
        f"TOURNIQUET_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if SecretStr in getattr(field.annotation, "__args__", ())
    )


def secret_name(setting: str) -> str:
    """Return the name of a setting's secret in the vault."""
    return setting.lower().replace("_", "-")


def check_place(cloud: Cloud) -> Iterator[str]:
    """See that subscription and region are known, and that the Azure CLI is in the same tenant.

    ``azd up`` asks for both before this hook; ``azd provision`` in a new environment does not. The
    Azure CLI has a sign-in of its own, and Graph is asked in the tenant of its default
    subscription.

    Raises:
        CloudError: something is missing or does not fit.
    """
    for name in (SUBSCRIPTION, "AZURE_LOCATION"):
        if not cloud.value(name):
            raise CloudError(f"{name} is not known yet: run `azd env set {name} ...` or `azd up`")
    subscription = cloud.value(SUBSCRIPTION)
    accounts = {str(one["id"]): one for one in cloud.command("account", "list", "--all")}
    if subscription not in accounts:
        raise CloudError(f"the Azure CLI does not know the subscription {subscription}: az login")
    chosen = accounts[subscription]
    default = next((one for one in accounts.values() if one.get("isDefault")), chosen)
    if chosen["tenantId"] != default["tenantId"]:
        raise CloudError(
            "the Azure CLI's default subscription is in another tenant: run "
            f"`az account set --subscription {subscription}`"
        )
    yield f"subscription {chosen.get('name', subscription)}, region {cloud.value('AZURE_LOCATION')}"


def register_providers(cloud: Cloud) -> Iterator[str]:
    """Register the resource providers; each takes a minute the first time in a subscription."""
    for name in PROVIDERS:
        state = cloud.command("provider", "show", "--namespace", name)["registrationState"]
        if state != "Registered":
            cloud.command("provider", "register", "--namespace", name, "--wait")
            yield f"registered {name}"


def find_sentinel(cloud: Cloud) -> Iterator[str]:
    """Find Sentinel's own service principal, whose object id is another in each tenant."""
    try:
        found = cloud.get(
            f"{GRAPH}/servicePrincipals(appId={odata_literal(SENTINEL_APP)})?$select=id"
        )
    except Missing:
        cloud.remember("SENTINEL_PRINCIPAL_ID", "")
    except Denied:
        # Who may not read Graph, such as a pipeline, keeps what somebody else found or set.
        pass
    else:
        cloud.remember("SENTINEL_PRINCIPAL_ID", str(found["id"]))
    if not cloud.value("SENTINEL_PRINCIPAL_ID"):
        yield (
            "Azure Security Insights cannot be found in this tenant: Sentinel may not run the "
            "relay, so no automation rule is made. It appears once Sentinel is on; then run azd "
            "provision again, or set SENTINEL_PRINCIPAL_ID to its object id."
        )


def find_deleted_vault(cloud: Cloud) -> Iterator[str]:
    """Find out whether the vault was deleted: its name is not free, so it has to come back."""
    vault, place = cloud.value("TOURNIQUET_VAULT_NAME"), cloud.value("AZURE_LOCATION")
    subscription = f"{ARM}/subscriptions/{cloud.value(SUBSCRIPTION)}/providers/Microsoft.KeyVault"
    if vault:
        url = f"{subscription}/locations/{place}/deletedVaults/{vault}"
        deleted = vault if _is_there(cloud, f"{url}?api-version=2024-11-01") else ""
    else:
        # `azd down` forgets the template's outputs, the vault's name among them.
        url = f"{subscription}/deletedVaults?api-version=2024-11-01"
        deleted = next((str(one["name"]) for one in _all(cloud, url) if _is_ours(cloud, one)), "")
    cloud.remember("RECOVER_VAULT", "true" if deleted else "false")
    if deleted:
        yield (
            f"the vault {deleted} comes back with its secrets; run azd provision once more "
            "afterwards, which refers to them"
        )


def _is_ours(cloud: Cloud, deleted: Json) -> bool:
    about: Json = deleted.get("properties", {})
    tags: Json = about.get("tags") or {}
    same_place = about.get("location") == cloud.value("AZURE_LOCATION")
    return same_place and tags.get("azd-env-name") == cloud.value(ENVIRONMENT)


def _is_there(cloud: Cloud, url: str) -> bool:
    try:
        cloud.get(url)
    except Missing:
        return False
    return True


def find_secrets(cloud: Cloud) -> Iterator[str]:
    """List which secret settings are in the vault: only those become references."""
    there = {secret_name(LINK_KEY)}
    vault = cloud.value("TOURNIQUET_VAULT_NAME")
    if vault:
        place = f"{_group(cloud)}/providers/Microsoft.KeyVault/vaults/{vault}/secrets"
        there |= _names(cloud, f"{ARM}{place}?api-version=2024-11-01")
    known = [*secret_settings(), *OTHER_SECRETS]
    found = [one for one in known if secret_name(one) in there]
    cloud.remember("SETTINGS_IN_VAULT", ",".join(found))
    yield f"secrets in use: {', '.join(found)}"


def _names(cloud: Cloud, url: str) -> set[str]:
    try:
        return {str(one["name"]) for one in _all(cloud, url)}
    except Missing:
        # The vault of an environment that was taken down.
        return set()


def _all(cloud: Cloud, url: str) -> Iterator[Json]:
    while url:
        page = cloud.get(url)
        yield from page.get("value", [])
        url = page.get("nextLink", "")


def find_retention(cloud: Cloud) -> Iterator[str]:
    """Leave a locked retention policy of the evidence alone: it refuses what is not longer."""
    account = cloud.value("TOURNIQUET_EVIDENCE_ACCOUNT")
    locked = False
    if account:
        place = f"{_group(cloud)}/providers/Microsoft.Storage/storageAccounts/{account}"
        policy = f"{place}/blobServices/default/containers/evidence/immutabilityPolicies/default"
        try:
            found = cloud.get(f"{ARM}{policy}?api-version=2025-06-01")
            locked = found.get("properties", {}).get("state") == "Locked"
        except Missing:
            locked = False
    cloud.remember("SET_EVIDENCE_RETENTION", "false" if locked else "true")
    if locked:
        yield "the retention policy of the evidence is locked and stays as it is"


def find_ip_group(cloud: Cloud) -> Iterator[str]:
    """Leave an IP group that is there alone: a new one would forget every blocked address."""
    group = cloud.value("TOURNIQUET_IP_GROUP_RESOURCE_ID")
    exists = bool(group) and _is_there(cloud, f"{ARM}{group}?api-version=2024-10-01")
    cloud.remember("IP_GROUP_EXISTS", "true" if exists else "false")
    if exists:
        yield "the IP group is there and keeps its addresses"


def find_sign_in_logs(cloud: Cloud) -> Iterator[str]:
    """Find out whether the workspace knows the tables that the analytics rules ask."""
    workspace = cloud.value("SENTINEL_WORKSPACE_ID") or cloud.value(
        "TOURNIQUET_SENTINEL_WORKSPACE_ID"
    )
    there = [name for name in SIGN_IN_TABLES if workspace and _has_table(cloud, workspace, name)]
    cloud.remember("DEPLOY_DETECTIONS", "true" if there else "false")
    if not there:
        yield (
            "no sign-in logs in the workspace yet, so no analytics rules: connect Entra ID's "
            "sign-in logs to it (CONNECT_SIGN_IN_LOGS does), wait for the first rows, and run "
            "azd provision again"
        )


def _has_table(cloud: Cloud, workspace: str, table: str) -> bool:
    return _is_there(cloud, f"{ARM}{workspace}/tables/{quote(table)}?api-version=2022-10-01")


def _group(cloud: Cloud) -> str:
    subscription = cloud.value(SUBSCRIPTION)
    return f"/subscriptions/{subscription}/resourceGroups/{cloud.value('AZURE_RESOURCE_GROUP')}"
