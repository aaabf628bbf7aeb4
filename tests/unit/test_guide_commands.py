"""Every command of the guides exists, with the options that it is given.

For ``make``, the hooks, modules and routes the repository says what exists; for ``az`` and ``azd``
Microsoft's references do (learn.microsoft.com/cli/azure,
learn.microsoft.com/azure/developer/azure-developer-cli/reference).
"""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.unit.source_files import ROOT, repository_files
from tools.infra import parameters
from tools.provision.__main__ import STEPS

PAGES = [one for one in repository_files() if one.endswith(".md") and not one.startswith("tests/")]
FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
NOT_SHELL = {"mermaid", "json", "yaml", "python", "kusto", "xml", "html", "ini", "toml"}
SCOPED = {"--resource-group", "--name", "-g", "-n"}
EVERYWHERE = {"--output", "--query", "--subscription"}
AZ: dict[str, set[str]] = {
    "az account set": set(),
    "az bicep build": {"--file", "--stdout"},
    "az functionapp config appsettings list": SCOPED,
    "az functionapp config appsettings set": SCOPED | {"--settings"},
    "az functionapp function keys set": SCOPED | {"--function-name", "--key-name", "--key-value"},
    "az functionapp keys list": SCOPED,
    "az functionapp keys set": SCOPED | {"--key-type", "--key-name", "--key-value"},
    "az keyvault secret recover": {"--vault-name", "--name"},
    "az keyvault secret set": {"--vault-name", "--name", "--file"},
    "az login": {"--tenant", "--allow-no-subscriptions"},
    "az role assignment delete": {"--ids"},
    "az role assignment list": {"--all", "--assignee"},
    "az storage blob download-batch": {
        *("--auth-mode", "--account-name", "--source", "--pattern", "--destination"),
    },
    "az storage container immutability-policy lock": {
        *("--account-name", "--container-name", "--if-match"),
    },
    "az storage container immutability-policy show": {"--account-name", "--container-name"},
}
AZD: dict[str, set[str]] = {
    "azd auth login": set(),
    "azd deploy": set(),
    "azd down": {"--purge"},
    "azd env get-values": set(),
    "azd env new": {"--location", "--subscription"},
    "azd env refresh": set(),
    "azd env set": set(),
    "azd hooks run": set(),
    "azd provision": {"--preview"},
    "azd up": set(),
}
ROUTE = re.compile(r"\b(GET|POST|PUT|DELETE) (/api/[\w{}/-]+)")


def commands(text: str) -> list[str]:
    """Lines of shell blocks, joined where they go on, and code within a sentence."""
    found = []
    for language, block in FENCE.findall(text):
        if language not in NOT_SHELL:
            found += block.replace("\\\n", " ").splitlines()
    found += INLINE.findall(FENCE.sub("", text))
    # A command within another, and one after a pipe or an assignment.
    inner = [part for one in found for part in re.findall(r"\$\(([^()]+)\)", one)]
    parts = [part for one in [*found, *inner] for part in re.split(r"[|;]|&&", one)]
    return [re.sub(r"^[\s$]+|\s+#.*$", "", part) for part in parts]


def problems(text: str) -> list[str]:
    """What the commands and routes of a page name that does not exist."""
    found = [one for command in commands(text) for one in _command(command)]
    routes = {
        (method.upper(), path)
        for path, item in json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))[
            "paths"
        ].items()
        for method in item
    }
    shaped = {(method, re.sub(r"{\w+}", "{}", path)) for method, path in routes}
    for method, path in ROUTE.findall(text):
        if (method, re.sub(r"{\w+}", "{}", path)) not in shaped:
            found.append(f"{method} {path}")
    return found


def _command(command: str) -> list[str]:
    words = command.split()
    if not words:
        return []
    if words[0] == "make" and len(words) > 1:
        return _make(words[1:])
    if words[0] in ("az", "azd") and len(words) > 1 and re.fullmatch(r"[a-z-]+", words[1]):
        return _azure(command)
    hook = re.match(r"infra/hooks/run\.(?:sh|ps1) ([\w-]+)$", command)
    if hook and hook[1] not in {*STEPS, "STEP"}:
        return [command]
    module = re.search(r"python -m (tools|lab|tests)\.([\w.]+)", command)
    if module and not _is_module(f"{module[1]}.{module[2]}"):
        return [command]
    return []


def _is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def _make(words: list[str]) -> list[str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    named = [one for one in words if "=" not in one and re.fullmatch(r"[a-z-]+", one)]
    given = [one.split("=")[0] for one in words if re.match(r"[A-Z]+=", one)]
    return [f"make {one}" for one in named if one not in targets] + [
        f"make {one}=" for one in given if f"$({one})" not in text
    ]


def _azure(command: str) -> list[str]:
    known = AZ | AZD
    names = [one for one in known if command == one or command.startswith(f"{one} ")]
    if not names:
        return [command]
    name = max(names, key=len)
    words = command[len(name) :].split()
    options = {one for one in words if re.match(r"--?[a-z]", one)}
    wrong = [f"{name} {one}" for one in options - known[name] - EVERYWHERE]
    if name == "azd hooks run" and words[0] not in _hooks():
        wrong.append(command)
    if name == "azd env set" and words and not _is_variable(words[0]):
        wrong.append(command)
    return wrong


def _hooks() -> set[str]:
    return set(yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))["hooks"])


def _is_variable(name: str) -> bool:
    """Whether provisioning or a hook reads it; ``NAME`` stands for any."""
    given = (ROOT / parameters.FILE).read_text("utf-8")
    hooks = "".join(one.read_text("utf-8") for one in Path(ROOT / "tools/provision").glob("*.py"))
    return name == "NAME" or name in parameters.variables(given) or f'"{name}"' in hooks


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_guide_exists(page: str) -> None:
    assert problems((ROOT / page).read_text("utf-8")) == []


def test_the_guides_have_commands() -> None:
    deploy = (ROOT / "docs/deploy.md").read_text("utf-8")
    found = [one for one in commands(deploy) if one.startswith(("az ", "azd ", "make "))]
    assert len(found) > 15
    assert all(shlex.split(one, comments=True) for one in found if "'" not in one)


@pytest.mark.parametrize(
    "wrong",
    [
        "`make doctors`",
        "`make doctor SETTING=x`",
        "`azd env sets A b`",
        "`azd env set TOURNIQUET_MODES observe`",
        "`azd hooks run postprovison`",
        "```\naz login --tenants x\n```",
        '```\nKEY="$(az functionapp keys show --name x)"\n```',
        "```\naz keyvault secret set --vault x \\\n  --name y\n```",
        "`infra/hooks/run.sh grants`",
        "`python -m tools.supply_chain.histories`",
        "`POST /api/cases/{case_id}/reopen`",
        "`PUT /api/cases`",
    ],
)
def test_a_command_that_is_not_there_is_noticed(wrong: str) -> None:
    assert problems(f"Do {wrong} now.\n\n{wrong}\n")
