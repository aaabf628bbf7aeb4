"""Every setting of the app reaches it, in the one way that suits it, and is documented.

A new field of ``Settings`` needs one line: in ``infra/main.parameters.json`` under ``settings``
when the operator chooses it, in ``secretSettings`` of ``infra/modules/app-settings.bicep`` when it
is a secret, or in ``deployed`` there when it follows from what is deployed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from shared.settings import Settings
from tools.bicep.syntax import Array, BicepFile, Object, Text, walk
from tools.infra import parameters
from tools.provision.lookups import OTHER_SECRETS

MODULE = "modules/app-settings.bicep"
FROM_THE_APP = "TOURNIQUET_PUBLIC_URL"
"""Set beside the app itself, because it is the app's own address."""
HOST_OF_A_LAPTOP = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
"""Settings of the example that a Flex Consumption app must not have."""
IDENTITY_OF_A_LAPTOP = {"AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"}
STORAGE = {"credential", "clientId", "accountName"}
"""What host and durable engine need to reach their storage by a user-assigned identity."""


def check(root: Path, bicep: Mapping[str, BicepFile]) -> list[str]:
    """Return where settings, Bicep, example and documentation do not agree."""
    given = (root / parameters.FILE).read_text("utf-8")
    example = (root / "local.settings.example.json").read_text("utf-8")
    configuration = (root / "docs/configuration.md").read_text("utf-8")
    guide = (root / "docs/infra.md").read_text("utf-8")
    module = bicep[MODULE]
    return sorted(
        {
            *_each_reaches_the_app(given, module),
            *_host(example, configuration, module),
            *_documented(given, configuration, guide),
        }
    )


def ours() -> dict[str, bool]:
    """Return every setting, and whether it is a secret."""
    return {
        f"TOURNIQUET_{name.upper()}": SecretStr in getattr(field.annotation, "__args__", ())
        for name, field in Settings.model_fields.items()
    }


def keys(file: BicepFile, name: str) -> set[str]:
    """Return the names in a variable that is an object."""
    found = file.variables.get(name)
    parts = walk(found.value) if found and found.value else ()
    return {key.literal or "" for one in parts if isinstance(one, Object) for key, _ in one.pairs}


def secrets(file: BicepFile, name: str = "secretSettings") -> list[str]:
    """Return the settings that are references to the vault, of one of the lists."""
    found = file.variables.get(name)
    items = found.value.items if found and isinstance(found.value, Array) else ()
    return [one.literal or "" for one in items if isinstance(one, Text)]


def _each_reaches_the_app(given: str, module: BicepFile) -> Iterator[str]:
    chosen, deployed = parameters.chosen_settings(given), keys(module, "deployed")
    secret = {name for name, is_secret in ours().items() if is_secret}
    plain = ours().keys() - secret - {FROM_THE_APP}
    for name in secret ^ set(secrets(module)):
        yield f"infra/{MODULE}: {name} is a secret or a reference to the vault, but not both"
    for name in plain - chosen - deployed:
        yield f"infra: nothing sets {name}"
    for name in (chosen | deployed) - plain:
        yield f"infra: {name} is set and no plain setting of the app"
    for name in chosen & deployed:
        yield f"infra: {name} is chosen and deployed"


def _host(example: str, configuration: str, module: BicepFile) -> Iterator[str]:
    values = json.loads(example)["Values"]
    wanted = {name for name in values if not name.startswith("TOURNIQUET_")}
    wanted -= HOST_OF_A_LAPTOP | IDENTITY_OF_A_LAPTOP
    wanted |= {f"AzureWebJobsStorage__{part}" for part in STORAGE}
    host = keys(module, "host")
    for name in ours().keys() ^ {one for one in values if one.startswith("TOURNIQUET_")}:
        yield f"local.settings.example.json: {name} is there or a setting, but not both"
    for name in wanted - host:
        yield f"infra/{MODULE}: the host is not given {name}"
    looked_up, referred = set(OTHER_SECRETS), set(secrets(module, "otherSecrets"))
    for name in looked_up ^ referred:
        yield f"infra/{MODULE}: {name} is looked up in the vault or referred to, but not both"
    host |= keys(module, "collector") | referred
    for name in {one.partition("__")[0] for one in host} - _rows(configuration):
        yield f"docs/configuration.md: {name} is not there"


def _documented(given: str, configuration: str, guide: str) -> Iterator[str]:
    for name in ours().keys() - _rows(configuration):
        yield f"docs/configuration.md: {name} is not there"
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", guide))
    for name in parameters.variables(given) - named:
        if not name.startswith("TOURNIQUET_"):
            yield f"docs/infra.md: the variable {name} is not there"


def _rows(page: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
