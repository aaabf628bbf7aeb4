"""What is made in Entra ID by name: the sign-in's app registration, and the named location."""

import uuid
from collections.abc import Iterator

from shared.odata import odata_literal
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
    NoScope,
)

PLACEHOLDER = "192.0.2.1/32"
"""Nobody's address (RFC 5737): a named location cannot be empty."""
APPROVER = "Tourniquet.Approver"
CREDENTIAL = "tourniquet-identity"
LOGS = ("SignInLogs", "NonInteractiveUserSignInLogs", "AuditLogs")
"""What the detections and hunts ask of Entra ID, by the names of its diagnostic settings."""
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
NO_CLI = (
    "the Azure CLI has no access to Conditional Access for people: make it with Graph PowerShell "
    "(docs/infra.md, named location), then run azd env set TOURNIQUET_NAMED_LOCATION_ID"
)
NEEDS_RIGHTS = "the deployer may not; run `azd hooks run preprovision` as somebody who may"


def make_sign_in(cloud: Cloud) -> Iterator[str]:
    """Make the app registration by which people sign in to the pages, unless ``SIGN_IN`` is false.

    It has no secret: the app's identity proves it by a federated credential. One that is there
    under its name is not taken: any member of a tenant may register it, and who owns it can let
    anybody decide.

    Raises:
        Taken: there is one of that name that the app is not known to use.
    """
    if cloud.value("SIGN_IN").lower() == "false":
        cloud.remember("SIGN_IN_CLIENT_ID", "")
        yield "sign-in is off: whoever holds a decision link may decide"
        return
    if cloud.value("SIGN_IN_CLIENT_ID"):
        return
    in_use = _in_use(cloud)
    if in_use:
        cloud.remember("SIGN_IN_CLIENT_ID", in_use)
        yield f"people sign in by the app registration {in_use}, as before"
        return
    # Two subscriptions may have an environment of one name.
    name = f"Tourniquet ({cloud.value(ENVIRONMENT)}, {cloud.value(SUBSCRIPTION)})"
    try:
        app_id = _registered(cloud, name)
    except Taken:
        raise
    except CloudError as error:
        yield f"people cannot sign in to the pages yet: {NEEDS_RIGHTS} ({error})"
        return
    cloud.remember("SIGN_IN_CLIENT_ID", app_id)
    yield f"made the app registration {name}: assign people to its role {APPROVER}"


class Taken(CloudError):
    """Somebody has registered an app under our name."""


def _in_use(cloud: Cloud) -> str:
    """Return the client id by which the deployed app lets people sign in; empty: none."""
    site, group = cloud.value("TOURNIQUET_APP_NAME"), cloud.value("AZURE_RESOURCE_GROUP")
    if not site or not group:
        return ""
    place = f"{ARM}/subscriptions/{cloud.value(SUBSCRIPTION)}/resourceGroups/{group}"
    url = f"{place}/providers/Microsoft.Web/sites/{site}/config/authsettingsV2"
    try:
        found = cloud.get(f"{url}?api-version=2024-11-01").get("properties") or {}
    except Missing:
        return ""
    for part in ("identityProviders", "azureActiveDirectory", "registration"):
        found = found.get(part) or {}
    return str(found.get("clientId") or "")


def _registered(cloud: Cloud, name: str) -> str:
    place, principals = f"{GRAPH}/applications", f"{GRAPH}/servicePrincipals"
    found = cloud.get(f"{place}?$filter=displayName eq {odata_literal(name)}").get("value", [])
    if found:
        raise Taken(
            f"an app registration {name} is there already ({found[0]['appId']}): see who owns it. "
            "If it is yours, run `azd env set SIGN_IN_CLIENT_ID` with that id; if not, delete it"
        )
    app_id = str(cloud.send("post", place, registration(name))["appId"])
    if not cloud.get(f"{principals}?$filter=appId eq {odata_literal(app_id)}").get("value"):
        cloud.send("post", principals, {"appId": app_id})
    return app_id


def registration(name: str) -> Json:
    """Return the app registration: one tenant, id tokens, one role."""
    role = {
        "id": str(uuid.uuid5(_NAMESPACE, APPROVER)),
        "value": APPROVER,
        "displayName": "Approver",
        "description": "May decide, undo and lift blocks in Tourniquet.",
        "allowedMemberTypes": ["User"],
        "isEnabled": True,
    }
    return {
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "api": {"requestedAccessTokenVersion": 2},
        "appRoles": [role],
        "web": {"implicitGrantSettings": {"enableIdTokenIssuance": True}},
    }


def finish_sign_in(cloud: Cloud) -> Iterator[str]:
    """Tell the registration the app's address, and let the app's identity prove it."""
    app_id = cloud.value("SIGN_IN_CLIENT_ID")
    if not app_id:
        return
    place = f"{GRAPH}/applications(appId={odata_literal(app_id)})"
    redirect = f"{cloud.value('TOURNIQUET_APP_URL')}/.auth/login/aad/callback"
    uris = cloud.get(f"{place}?$select=web").get("web", {}).get("redirectUris", [])
    if redirect not in uris:
        cloud.send("patch", place, {"web": {"redirectUris": [*uris, redirect]}})
        yield f"people come back to {redirect} after signing in"
    yield from _federate(cloud, f"{place}/federatedIdentityCredentials")


def _federate(cloud: Cloud, place: str) -> Iterator[str]:
    """Let the app's identity prove the registration; an identity that was replaced no more."""
    held = {one.get("name"): one for one in cloud.get(place).get("value", [])}
    subject = cloud.value("TOURNIQUET_IDENTITY_PRINCIPAL_ID")
    ours = held.get(CREDENTIAL)
    if ours is not None and ours.get("subject") == subject:
        return
    body = {
        "name": CREDENTIAL,
        "issuer": f"https://login.microsoftonline.com/{cloud.value('AZURE_TENANT_ID')}/v2.0",
        "subject": subject,
        "audiences": ["api://AzureADTokenExchange"],
    }
    if ours is None:
        cloud.send("post", place, body)
    else:
        # Names are taken once: after `azd down` and `azd up` the identity is another one.
        del body["name"]
        cloud.send("patch", f"{place}/{ours['id']}", body)
    yield "the app's identity proves the registration, in place of a secret"


def connect_logs(cloud: Cloud) -> Iterator[str]:
    """Send Entra ID's logs to the Sentinel workspace where ``CONNECT_SIGN_IN_LOGS`` is true."""
    if cloud.value("CONNECT_SIGN_IN_LOGS").lower() != "true":
        return
    name = f"tourniquet-{cloud.value('AZURE_ENV_NAME')}"
    url = f"{ARM}/providers/microsoft.aadiam/diagnosticSettings/{name}?api-version=2017-04-01"
    workspace = cloud.value("TOURNIQUET_SENTINEL_WORKSPACE_ID")
    logs = [{"category": one, "enabled": True} for one in LOGS]
    try:
        cloud.send("put", url, {"properties": {"workspaceId": workspace, "logs": logs}})
    except Denied as error:
        yield f"Entra ID's logs are not connected: it takes a Security Administrator ({error})"
        return
    yield "Entra ID's logs go to the workspace; the first rows take a while"


def make_named_location(cloud: Cloud) -> Iterator[str]:
    """Make the named location for blocked addresses where ``NAMED_LOCATION`` is true."""
    wanted = cloud.value("NAMED_LOCATION").lower() == "true"
    if not wanted or cloud.value("TOURNIQUET_NAMED_LOCATION_ID"):
        return
    name = f"Tourniquet: blocked addresses ({cloud.value('AZURE_ENV_NAME')})"
    place = f"{GRAPH}/identity/conditionalAccess"
    try:
        found = cloud.get(
            f"{place}/namedLocations?$filter=displayName eq {odata_literal(name)}"
        ).get("value")
        location = (
            found[0] if found else cloud.send("post", f"{place}/namedLocations", _location(name))
        )
    except NoScope:
        yield f"no named location was made: {NO_CLI}"
        return
    except Denied as error:
        yield f"no named location was made: {NEEDS_RIGHTS} ({error})"
        return
    cloud.remember("TOURNIQUET_NAMED_LOCATION_ID", str(location["id"]))
    yield f"blocked addresses go to the named location {name}"
    yield from _policy(cloud, place, name, str(location["id"]))


def _location(name: str) -> Json:
    ranges = [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": PLACEHOLDER}]
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": name,
        "isTrusted": False,
        "ipRanges": ranges,
    }


def _policy(cloud: Cloud, place: str, name: str, location: str) -> Iterator[str]:
    group = cloud.value("BREAK_GLASS_GROUP_ID")
    if not group:
        yield (
            "the location blocks nobody until a Conditional Access policy denies it: set "
            "BREAK_GLASS_GROUP_ID to the group that is to be left out and run this again, or "
            "make the policy by hand (docs/firewalls.md)"
        )
        return
    if cloud.get(f"{place}/policies?$filter=displayName eq {odata_literal(name)}").get("value"):
        return
    body = {
        "displayName": name,
        "state": "enabledForReportingButNotEnforced",
        "conditions": {
            "clientAppTypes": ["all"],
            "users": {"includeUsers": ["All"], "excludeGroups": [group]},
            "applications": {"includeApplications": ["All"]},
            "locations": {"includeLocations": [location]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    cloud.send("post", f"{place}/policies", body)
    yield f"made the policy {name}, which only reports: look at it, then switch it on"
