"""What must be set, whatever the types allow: encryption, identities in place of keys, evidence.

Each row is a property of every resource of a type and the only value it may have. A value that a
parameter decides is not accepted here.
"""

import re
from collections.abc import Iterator, Mapping

from tools.bicep.syntax import (
    BicepFile,
    Block,
    Call,
    Expr,
    Literal,
    Name,
    Object,
    Problem,
    Text,
    walk,
)

type Value = str | int | bool

REQUIRED: dict[str, dict[str, Value]] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowBlobPublicAccess": False,
        "properties.allowSharedKeyAccess": False,
        "properties.allowCrossTenantReplication": False,
        "properties.defaultToOAuthAuthentication": True,
        "properties.supportsHttpsTrafficOnly": True,
        "properties.minimumTlsVersion": "TLS1_2",
    },
    "Microsoft.Storage/storageAccounts/blobServices": {
        "properties.deleteRetentionPolicy.enabled": True,
        "properties.containerDeleteRetentionPolicy.enabled": True,
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {
        "properties.publicAccess": "None",
    },
    "Microsoft.KeyVault/vaults": {
        "properties.enableRbacAuthorization": True,
        "properties.enableSoftDelete": True,
        "properties.enablePurgeProtection": True,
        "properties.enabledForDeployment": False,
        "properties.enabledForTemplateDeployment": False,
    },
    "Microsoft.Web/sites": {
        "properties.httpsOnly": True,
        "properties.siteConfig.minTlsVersion": "1.2",
        "properties.siteConfig.scmMinTlsVersion": "1.2",
        "properties.siteConfig.remoteDebuggingEnabled": False,
        "properties.functionAppConfig.runtime.name": "python",
        "properties.functionAppConfig.runtime.version": "3.13",
        "properties.functionAppConfig.deployment.storage.authentication.type": (
            "UserAssignedIdentity"
        ),
        "identity.type": "UserAssigned",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": False},
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"properties.features.disableLocalAuth": True},
    "Microsoft.EventGrid/topics": {
        "properties.disableLocalAuth": True,
        "properties.minimumTlsVersionAllowed": "1.2",
        "identity.type": "SystemAssigned",
    },
    "Microsoft.EventGrid/topics/eventSubscriptions": {
        "properties.deadLetterWithResourceIdentity.identity.type": "SystemAssigned",
    },
    "Microsoft.Logic/workflows": {"identity.type": "UserAssigned"},
    "Microsoft.Authorization/roleDefinitions": {"properties.type": "CustomRole"},
}
BOUNDS: dict[str, dict[str, tuple[int, int]]] = {
    "Microsoft.EventGrid/topics/eventSubscriptions": {
        "properties.retryPolicy.maxDeliveryAttempts": (1, 30),
        "properties.retryPolicy.eventTimeToLiveInMinutes": (1, 1440),
    },
    "Microsoft.KeyVault/vaults": {"properties.softDeleteRetentionInDays": (90, 90)},
    "Microsoft.Storage/storageAccounts/blobServices": {
        "properties.deleteRetentionPolicy.days": (7, 365),
        "properties.containerDeleteRetentionPolicy.days": (7, 365),
    },
}
NOT_ON_FLEX = frozenset(
    {
        *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION"),
        *("FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_PROCESS_COUNT"),
        *("FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED"),
        *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE"),
        *("WEBSITE_CONTENTOVERVNET", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION"),
        *("WEBSITE_DNS_SERVER", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT"),
        *("WEBSITE_RUN_FROM_PACKAGE", "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD"),
        *("WEBSITE_VNET_ROUTE_ALL", "WEBSITE_TIME_ZONE", "WEBSITE_MOUNT_ENABLED"),
        *("alwaysOn", "linuxFxVersion", "vnetRouteAllEnabled", "functionAppScaleLimit"),
        *("preWarmedInstanceCount", "use32BitWorkerProcess", "AzureWebJobsStorage"),
    }
)
"""Settings that a Flex Consumption app refuses, or that would bring a storage key back. Sources:
microsoft/azure-skills ``consumption-to-flex.md``, revision 1a03acf; what Azure/azure-cli leaves out
when it moves an app to Flex Consumption (``_migrate_app_settings``)."""
ON_FLEX = frozenset(
    {"minTlsVersion", "scmMinTlsVersion", "http20Enabled", "remoteDebuggingEnabled", "cors"}
)
"""What ``siteConfig`` may hold: Flex Consumption refuses a deployment with what it does not know
(``ftpsState``, ``linuxFxVersion``, ``netFrameworkVersion`` and others; error 51021). Sources:
microsoft/azure-pipelines-tasks#21032, Azure/terraform-azurerm-avm-res-web-site#345; these are what
hashicorp/azurerm sends for ``azurerm_function_app_flex_consumption``."""
NOT_SEEN = "AzureFunctionsJobHost__extensions__durableTask"
"""Start of settings that override ``host.json`` for the host, and not for what scales the app."""
NEVER_GRANTED = re.compile(
    r"\*|/delete$|deleteBlobVersion|runAsSuperUser|immutabilityPolicies|tags/|roleAssignments",
    re.IGNORECASE,
)
"""What no role of ours may hold: wildcards, deletion, and what could take protection away."""
DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_LOOKS_LIKE_DURATION = re.compile(r"PT?\d+[A-Za-z]+")


def check_house(file: BicepFile) -> Iterator[Problem]:
    """Yield what is not as it must be."""
    for block in file.resources.values():
        if not block.existing:
            yield from _required(file, block)
            yield from _bounds(file, block)
            yield from _roles(file, block)
            yield from _site_config(file, block)
    for expr in file.expressions():
        for one in walk(expr):
            yield from _forbidden(file, one)


def _site_config(file: BicepFile, block: Block) -> Iterator[Problem]:
    found = block.body.get("properties", "siteConfig")
    if kind_of(block) == "Microsoft.Web/sites" and isinstance(found, Object):
        for key, _ in found.pairs:
            if key.literal not in ON_FLEX:
                message = f"{block.name}: siteConfig.{key.literal} is refused on Flex Consumption"
                yield Problem(file.path, key.line, "house", message)


def kind_of(block: Block) -> str:
    """Return a resource's type without its version."""
    return block.target.partition("@")[0]


def _required(file: BicepFile, block: Block) -> Iterator[Problem]:
    for path, wanted in REQUIRED.get(kind_of(block), {}).items():
        found = block.body.get(*path.split("."))
        if _plain(found) != wanted or isinstance(_plain(found), bool) != isinstance(wanted, bool):
            line = found.line if found else block.line
            message = f"{block.name}: {path} must be {wanted}"
            yield Problem(file.path, line, "house", message)


def _bounds(file: BicepFile, block: Block) -> Iterator[Problem]:
    for path, (least, most) in BOUNDS.get(kind_of(block), {}).items():
        found = _plain(block.body.get(*path.split(".")))
        if not isinstance(found, int) or not least <= found <= most:
            message = f"{block.name}: {path} must be {least} to {most}"
            yield Problem(file.path, block.line, "house", message)


def _plain(value: Expr | None) -> Value | None:
    if isinstance(value, Text):
        return value.literal
    return value.value if isinstance(value, Literal) else None


def _roles(file: BicepFile, block: Block) -> Iterator[Problem]:
    if kind_of(block) == "Microsoft.Authorization/roleDefinitions":
        for one in walk(block.body):
            text = one.literal if isinstance(one, Text) else None
            if text and "/" in text and NEVER_GRANTED.search(text):
                yield Problem(file.path, one.line, "house", f"{block.name} grants {text}")
    if kind_of(block) == "Microsoft.Authorization/roleAssignments":
        if block.body.get("properties", "principalType") is None:
            yield Problem(file.path, block.line, "house", f"{block.name} has no principalType")
        name = block.body.get("name")
        if not (isinstance(name, Call) and name.name == "guid" and len(name.arguments) == 3):
            message = f"{block.name} is not named guid(scope, who, role)"
            yield Problem(file.path, block.line, "house", message)


def _forbidden(file: BicepFile, expr: Expr) -> Iterator[Problem]:
    if isinstance(expr, Object):
        for key, _ in expr.pairs:
            if key.literal in NOT_ON_FLEX:
                message = f"{key.literal} must not be set on Flex Consumption"
                yield Problem(file.path, key.line, "house", message)
            if (key.literal or "").startswith(NOT_SEEN):
                message = f"{key.literal} must be in host.json: scaling reads the file only"
                yield Problem(file.path, key.line, "house", message)
            if key.literal == "restorePolicy":
                message = "point-in-time restore cannot be with immutable evidence"
                yield Problem(file.path, key.line, "house", message)
        names = [key.literal for key, _ in expr.pairs if key.literal is not None]
        for name in sorted({one for one in names if names.count(one) > 1}):
            yield Problem(file.path, expr.line, "duplicate", f"{name} is set twice")
    text = expr.literal if isinstance(expr, Text) else None
    if text and _LOOKS_LIKE_DURATION.fullmatch(text) and not DURATION.fullmatch(text):
        yield Problem(file.path, expr.line, "house", f"{text} is no ISO 8601 duration")


def check_evidence(files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what is missing of the protection of the evidence."""
    path = "modules/evidence-storage.bicep"
    file = files.get(path)
    if file is None:
        yield Problem(path, 1, "evidence", "the evidence has no storage of its own")
        return
    wanted = {
        ("blobs", "properties", "isVersioningEnabled"): True,
        ("blobs", "properties", "changeFeed", "enabled"): True,
        ("evidence", "properties", "immutableStorageWithVersioning", "enabled"): True,
        ("retention", "properties", "allowProtectedAppendWrites"): False,
    }
    for (name, *inner), value in wanted.items():
        block = file.resources.get(name)
        found = _plain(block.body.get(*inner)) if block else None
        if found is not value:
            message = f"{name}: {'.'.join(inner)} must be {value}"
            yield Problem(path, block.line if block else 1, "evidence", message)
    retention = file.resources.get("retention")
    parent = retention.body.get("parent") if retention else None
    if not (isinstance(parent, Name) and parent.name == "evidence"):
        yield Problem(path, 1, "evidence", "the evidence has no retention policy")


LIMITS: dict[str, tuple[int, int, str]] = {
    "Microsoft.Storage/storageAccounts": (3, 24, r"[a-z0-9]+"),
    "Microsoft.KeyVault/vaults": (3, 24, r"[A-Za-z][A-Za-z0-9-]*"),
    "Microsoft.Web/sites": (2, 60, r"[A-Za-z0-9-]+"),
    "Microsoft.Web/serverfarms": (1, 60, r"[A-Za-z0-9-]+"),
    "Microsoft.EventGrid/topics": (3, 50, r"[A-Za-z0-9-]+"),
    "Microsoft.DurableTask/schedulers": (3, 64, r"[A-Za-z0-9-]+"),
    "Microsoft.Logic/workflows": (1, 43, r"[A-Za-z0-9-_().]+"),
    "Microsoft.OperationalInsights/workspaces": (4, 63, r"[A-Za-z0-9-]+"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (3, 128, r"[A-Za-z0-9-_]+"),
    "Microsoft.Network/ipGroups": (1, 80, r"[A-Za-z0-9._-]+"),
}
"""Length and characters of names, by Azure's resource name rules."""
UNIQUE = "x" * 13
"""As long as what ``uniqueString()`` makes, which is what ``suffix`` holds."""


def check_resource_names(file: BicepFile) -> Iterator[Problem]:
    """Yield names that Azure would refuse."""
    for block in file.resources.values():
        limits = LIMITS.get(kind_of(block))
        name = block.body.get("name")
        text = _name_text(name, file) if name and limits and not block.existing else None
        if limits is None or text is None:
            continue
        least, most, characters = limits
        if not least <= len(text) <= most or not re.fullmatch(characters, text):
            message = f"{block.name}: {text} has not {least} to {most} of {characters}"
            yield Problem(file.path, block.line, "name", message)


def _name_text(value: Expr, file: BicepFile) -> str | None:
    if isinstance(value, Name) and value.name in file.variables:
        value = file.variables[value.name].value or value
    if not isinstance(value, Text):
        return None
    parts = [part if isinstance(part, str) else _unique(part) for part in value.parts]
    return None if None in parts else "".join(part for part in parts if part is not None)


def _unique(part: Expr) -> str | None:
    return UNIQUE if isinstance(part, Name) and part.name == "suffix" else None
