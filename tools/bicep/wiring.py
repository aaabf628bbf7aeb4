"""What main.bicep gives to its modules: to each parameter what is called so.

A parameter gets the parameter or output of its own name, where there is one, and otherwise
something whose names hold all the words of its name. Where names differ on purpose, the row says
what is given.
"""

import re
from collections.abc import Iterator, Mapping

from tools.bicep.render import render
from tools.bicep.syntax import BicepFile, Block, Expr, Member, Name, Object, Problem, walk

EVERY = ""
OTHERWISE: dict[tuple[str, str], str] = {
    ("hostStorage", "deadLetterDays"): "90",
    ("vault", "deployerPrincipalId"): "principalId",
    ("vault", "deployerPrincipalType"): "principalType",
    ("sentinelWorkspace", "onboard"): "!hasSentinel",
    ("firewall", "groupExists"): "ipGroupExists",
    ("firewallRule", "makePolicy"): "!hasPolicy",
    ("firewallRule", "priority"): "firewallRulePriority",
    ("appSettings", "chosen"): "settings",
    ("appSettings", "identityClientId"): "identities.outputs.appClientId",
    ("app", "identityClientId"): "identities.outputs.appClientId",
    ("app", "identityId"): "identities.outputs.appId",
    ("relay", "identityId"): "identities.outputs.relayId",
    ("relay", "identityPrincipalId"): "identities.outputs.relayPrincipalId",
    ("portal", "sentinelHere"): "!hasSentinel",
    ("portal", "enabled"): "enableAlerts",
    ("portal", "relayId"): "relay.outputs.relayId",
    ("sentinelRules", "relayId"): "relay.outputs.relayId",
    ("sentinelRules", "enabled"): "enableDetections",
    ("sentinelRules", "mayRunRelay"): "!empty(sentinelPrincipalId)",
    ("eventTopic", "storageAccountName"): "hostStorage.outputs.accountName",
    ("evidenceStorage", "retentionDays"): "evidenceRetentionDays",
    ("evidenceStorage", "setRetention"): "setEvidenceRetention",
    ("hostStorage", "skuName"): "storageSku",
    ("evidenceStorage", "skuName"): "storageSku",
    ("scheduler", "skuName"): "schedulerSku",
    ("firewallRule", "policyName"): "hasPolicy ? last(policyParts) : 'afwp-tourniquet-${suffix}'",
    ("appSettings", "firewallIpGroupId"): "blockAtFirewall ? firewall.outputs.groupId : ''",
    (EVERY, "diagnosticWorkspaceId"): "monitoring.outputs.workspaceId",
}
"""By module and parameter."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def check_wiring(files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what is given to another parameter than it is for."""
    main = files["main.bicep"]
    for module in main.modules.values():
        params = module.body.get("params")
        for key, value in params.pairs if isinstance(params, Object) else ():
            wanted = _wanted(key.literal or "", value, module, main, files)
            if wanted:
                message = f"{module.name} {key.literal} is given {render(value)}, not {wanted}"
                yield Problem(main.path, key.line, "wiring", message)


def _wanted(
    name: str, value: Expr, module: Block, main: BicepFile, files: Mapping[str, BicepFile]
) -> str:
    """Return what should have been given; empty where it was."""
    exact = OTHERWISE.get((module.name, name), OTHERWISE.get((EVERY, name)))
    if exact is not None:
        return "" if render(value) == exact else exact
    named = _named(value)
    if name in main.params:
        return "" if named == {name} else name
    outputs = [one.name for one in main.modules.values() if name in _outputs(one, files)]
    if outputs:
        given = {one for one in outputs if {one, name} <= named}
        return "" if given else f"{' or '.join(outputs)}.outputs.{name}"
    words = {word for one in named for word in _words(one)}
    return "" if _words(name) <= words else f"what is called {name}"


def _outputs(module: Block, files: Mapping[str, BicepFile]) -> set[str]:
    file = files.get(module.target)
    return set(file.outputs) if file else set()


def _named(value: Expr) -> set[str]:
    return {one.name for one in walk(value) if isinstance(one, Name | Member)}


def _words(name: str) -> set[str]:
    return {one.lower() for one in _WORD.findall(name)}
