"""Rules of Bicep's own linter that ``infra/bicepconfig.json`` makes errors.

Without a compiler at hand they would be seen in the workflow only. Source: Azure/bicep
``src/Bicep.Core/Analyzers/Linter/Rules``: UseResourceIdFunctionsRule,
NoHardcodedEnvironmentUrlsRule, NoUnnecessaryDependsOnRule, SimplifyInterpolationRule,
SecretsInParamsMustBeSecureRule.
"""

import re
from collections.abc import Iterator

from tools.bicep.syntax import (
    Array,
    BicepFile,
    Block,
    Call,
    Choice,
    Expr,
    Literal,
    Member,
    Name,
    Object,
    Problem,
    Text,
    walk,
)

ID_FUNCTIONS = frozenset(
    {
        *("extensionResourceId", "resourceId", "subscriptionResourceId", "tenantResourceId"),
        *("if", "reference", "subscription", "guid"),
    }
)
NO_RESOURCE_ID = frozenset(
    {
        *("appid", "clientid", "contentid", "connectorid", "groupid", "keyid", "keyvaultid"),
        *("menuid", "metricid", "objectid", "parentid", "principalid", "ruleid", "schemaid"),
        *("subscriptionid", "tenantid", "metadata", "resource", "tags"),
    }
)
"""Properties that end with "id" and are not looked at, nor what is in them."""
NOT_LOOKED_AT = re.compile(
    r"^(microsoft\.portal/dashboards|microsoft\.logic/workflows|microsoft\.web/sites/config)",
    re.IGNORECASE,
)
HOSTS = (
    *("azuredatalakeanalytics.net", "azuredatalakestore.net", "batch.core.windows.net"),
    *("core.windows.net", "database.windows.net", "datalake.azure.net", "gallery.azure.com"),
    *("graph.windows.net", "login.microsoftonline.com", "management.azure.com"),
    *("management.core.windows.net", "vault.azure.net"),
)
ALLOWED_HOST = "schema.management.azure.com"
SECRET = re.compile(r"password|pwd|secret|accountkey|acctkey", re.IGNORECASE)


def check_linter(file: BicepFile) -> Iterator[Problem]:
    """Yield what the linter would call an error."""
    for block in file.resources.values():
        properties = block.body.get("properties")
        if isinstance(properties, Object) and not NOT_LOOKED_AT.match(block.target):
            yield from _resource_ids(file, block, properties)
    for block in [*file.resources.values(), *file.modules.values()]:
        yield from _depends_on(file, block)
    for param in file.params.values():
        if SECRET.search(param.name) and "secure" not in param.decorators:
            message = f"{param.name} sounds like a secret and is not @secure()"
            yield Problem(file.path, param.line, "secure-secrets-in-params", message)
    for expr in file.expressions():
        for one in walk(expr):
            yield from _texts(file, one)


def _resource_ids(file: BicepFile, block: Block, value: Expr) -> Iterator[Problem]:
    if not isinstance(value, Object):
        for one in value.inner():
            yield from _resource_ids(file, block, one)
        return
    for key, inner in value.pairs:
        name = (key.literal or "").lower()
        if name in NO_RESOURCE_ID:
            continue
        if name.endswith("id") and not (key.literal or "").endswith(("uid", "UID")):
            if not _is_resource_id(file, inner):
                message = f"{block.name}: {key.literal} must come from a resource or a parameter"
                yield Problem(file.path, inner.line, "use-resource-id-functions", message)
        else:
            yield from _resource_ids(file, block, inner)


def _is_resource_id(file: BicepFile, value: Expr) -> bool:
    known = {*file.resources, *file.modules}
    if any(isinstance(one, Name) and one.name in known for one in walk(value)):
        return True
    if isinstance(value, Name):
        found = file.variables.get(value.name)
        if found is None:
            return value.name in file.params
        return found.value is None or _is_resource_id(file, found.value)
    if isinstance(value, Member):
        return _is_resource_id(file, value.base)
    if isinstance(value, Text):
        return value.literal is not None and "/" not in value.literal
    return isinstance(value, Choice | Literal | Object | Array) or (
        isinstance(value, Call) and value.name in ID_FUNCTIONS
    )


def _depends_on(file: BicepFile, block: Block) -> Iterator[Problem]:
    waits = block.body.get("dependsOn")
    if not isinstance(waits, Array):
        return
    rest = [value for key, value in block.body.pairs if key.literal != "dependsOn"]
    used = {one.name for value in rest for one in walk(value) if isinstance(one, Name)}
    for one in waits.items:
        if isinstance(one, Name) and one.name in used:
            message = f"{block.name} uses {one.name}, and so waits for it anyway"
            yield Problem(file.path, one.line, "no-unnecessary-dependson", message)


def _texts(file: BicepFile, expr: Expr) -> Iterator[Problem]:
    values: list[Expr] = list(expr.inner())
    if isinstance(expr, Object):
        # A key needs the interpolation.
        values = [value for _, value in expr.pairs]
    for value in values:
        if isinstance(value, Text) and len(value.parts) == 1 and value.inner():
            message = "a text of nothing but ${...} is the value itself"
            yield Problem(file.path, value.line, "simplify-interpolation", message)
    if isinstance(expr, Text):
        text = "".join(one for one in expr.parts if isinstance(one, str)).lower()
        for host in HOSTS:
            if host in text.replace(ALLOWED_HOST, ""):
                message = f"{host} is environment()'s to say"
                yield Problem(file.path, expr.line, "no-hardcoded-env-urls", message)
