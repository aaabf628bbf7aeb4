"""Every setting of the app reaches it, in the one way that suits it.

A new field of ``Settings`` needs one line here: in ``infra/main.parameters.json`` under
``settings`` when the operator chooses it, in ``secretSettings`` of
``infra/modules/app-settings.bicep`` when it is a secret, or in ``deployed`` there when it follows
from what is deployed.
"""

import json
import re
from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.unit.source_files import ROOT
from tools.bicep.syntax import Array, BicepFile, Object, Text
from tools.infra.parameters import chosen_settings, variables

FROM_THE_APP = "TOURNIQUET_PUBLIC_URL"
"""Set beside the app itself, because it is the app's own address."""
HOST_OF_A_LAPTOP = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
"""Settings of the example that a Flex Consumption app must not have."""
IDENTITY_OF_A_LAPTOP = {"AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"}


def parameters() -> str:
    return (ROOT / "infra/main.parameters.json").read_text(encoding="utf-8")


def keys(file: BicepFile, name: str) -> set[str]:
    value = file.variables[name].value
    assert isinstance(value, Object)
    return {key.literal or "" for key, _ in value.pairs}


def secrets(file: BicepFile) -> list[str]:
    value = file.variables["secretSettings"].value
    assert isinstance(value, Array)
    return [one.literal or "" for one in value.items if isinstance(one, Text)]


def ours() -> dict[str, bool]:
    """Every setting, and whether it is a secret."""
    return {
        f"TOURNIQUET_{name.upper()}": SecretStr in getattr(field.annotation, "__args__", ())
        for name, field in Settings.model_fields.items()
    }


def settings_file(bicep: Mapping[str, BicepFile]) -> BicepFile:
    return bicep["modules/app-settings.bicep"]


def test_each_secret_is_a_reference_and_nothing_else_is(bicep: Mapping[str, BicepFile]) -> None:
    assert secrets(settings_file(bicep)) == sorted(n for n, secret in ours().items() if secret)


def test_each_other_setting_is_chosen_or_deployed_but_not_both(
    bicep: Mapping[str, BicepFile],
) -> None:
    chosen, deployed = chosen_settings(parameters()), keys(settings_file(bicep), "deployed")
    plain = {name for name, secret in ours().items() if not secret}
    assert chosen | deployed | {FROM_THE_APP} == plain
    assert not chosen & deployed
    assert FROM_THE_APP not in chosen | deployed


def test_what_the_host_needs_is_what_the_example_says(bicep: Mapping[str, BicepFile]) -> None:
    values = json.loads((ROOT / "local.settings.example.json").read_text("utf-8"))["Values"]
    example = {name for name in values if not name.startswith("TOURNIQUET_")}
    host = keys(settings_file(bicep), "host")
    assert example - HOST_OF_A_LAPTOP - IDENTITY_OF_A_LAPTOP <= host
    storage = {name for name in host if name.startswith("AzureWebJobsStorage__")}
    assert {"AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId"} < storage


def test_the_app_reaches_no_setting_that_the_documentation_does_not_know(
    bicep: Mapping[str, BicepFile],
) -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert set(ours()) <= documented
    host = {name.partition("__")[0] for name in keys(settings_file(bicep), "host")}
    assert host <= documented


@pytest.mark.parametrize("page", ["docs/infra.md"])
def test_each_variable_of_azd_is_documented(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text))
    taken = {name for name in variables(parameters()) if not name.startswith("TOURNIQUET_")}
    assert taken - named == set()


def test_the_app_observes_until_somebody_says_otherwise() -> None:
    assert '"TOURNIQUET_MODE": "${TOURNIQUET_MODE=observe}"' in parameters()
    chosen = json.loads(parameters())["parameters"]["settings"]["value"]
    others = {name: value for name, value in chosen.items() if name != "TOURNIQUET_MODE"}
    assert all(value == f"${{{name}=}}" for name, value in others.items()), "the app's own default"
