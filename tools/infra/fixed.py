"""What other files beside the templates must say: linter, host, detections."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.bicep.syntax import Array, BicepFile, Call, Name, Text
from tools.provision.lookups import SIGN_IN_TABLES

LINTER, HOST = "infra/bicepconfig.json", "host.json"
RULES = "modules/sentinel-rules.bicep"
OFF = {"use-recent-api-versions"}
"""Rules of the linter that are off: it would fail by the calendar."""
MANY = 30
HOST_SAYS: dict[str, object] = {
    "telemetryMode": "OpenTelemetry",
    "extensions.durableTask.hubName": "%TASKHUB_NAME%",
    "extensions.durableTask.versionMatchStrategy": "CurrentOrOlder",
    "extensions.durableTask.versionFailureStrategy": "Reject",
    "extensions.durableTask.storageProvider.connectionName": "AzureWebJobsStorage",
    "extensions.durableTask.tracing.distributedTracingEnabled": True,
    # What goes in and out of a case is about people: it is not for telemetry.
    "extensions.durableTask.tracing.traceInputsAndOutputs": False,
}
"""What ``host.json`` says that the guides promise."""
_READ = re.compile(rf"\b(?:{'|'.join(SIGN_IN_TABLES)})\b")
_FUZZY = re.compile(r"union isfuzzy=true\n(?:\s*\((?:[^()]|\([^()]*\))*\),?\n)+")
type Json = dict[str, Any]


def check(
    linter: str, host: str, detections: Mapping[str, str], bicep: Mapping[str, BicepFile]
) -> list[str]:
    """Return what is wrong; ``detections`` are the files' texts by name."""
    return [
        *_linter(json.loads(linter)),
        *_host(json.loads(host)),
        *_detections(set(detections), bicep[RULES]),
        *_tables(detections),
        *_incidents(detections),
    ]


def read_detections(root: Path) -> dict[str, str]:
    """Return the texts of the detections' files by name."""
    return {
        file.stem: file.read_text("utf-8") for file in (root / "infra/detections").glob("*.yaml")
    }


def _tables(detections: Mapping[str, str]) -> Iterator[str]:
    """Yield what needs both tables: rules are made when the workspace has one of them."""
    for name, text in sorted(detections.items()):
        query: str = yaml.safe_load(text)["query"]
        read = _READ.findall(query)
        fuzzy = {table for union in _FUZZY.findall(query) for table in _READ.findall(union)}
        for table in sorted({one for one in read if one not in fuzzy or read.count(one) > 1}):
            yield f"infra/detections/{name}.yaml: reads {table} outside of one fuzzy union"


def _incidents(detections: Mapping[str, str]) -> Iterator[str]:
    """Yield what would find something and hand nothing over."""
    for name, text in sorted(detections.items()):
        rule: Json = yaml.safe_load(text)
        opens = rule["incidentConfiguration"]["createIncident"] is True
        if not opens or (rule["triggerOperator"], rule["triggerThreshold"]) != ("gt", 0):
            yield f"infra/detections/{name}.yaml: every row it finds must open an incident"


def _linter(given: Json) -> Iterator[str]:
    core: Json = given["analyzers"]["core"]
    rules: dict[str, Json] = core["rules"]
    if core.get("enabled") is not True or len(rules) < MANY:
        yield f"{LINTER}: the linter must be on, with {MANY} rules or more"
    for name, rule in rules.items():
        wanted = "off" if name in OFF else "error"
        if rule.get("level") != wanted:
            yield f"{LINTER}: {name} must be {wanted}"


def _host(given: Json) -> Iterator[str]:
    for path, wanted in HOST_SAYS.items():
        found: Any = given
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            yield f"{HOST}: {path} must be {wanted}"


def _detections(files: set[str], rules: BicepFile) -> Iterator[str]:
    for symbol, loaded in _loaded(rules):
        if loaded != f"../detections/{_file_name(symbol)}.yaml":
            yield f"infra/{RULES}: {symbol} is {loaded}"
    declared = rules.variables.get("detections")
    items = declared.value.items if declared and isinstance(declared.value, Array) else ()
    deployed = [_file_name(one.name) for one in items if isinstance(one, Name)]
    for name in sorted(files ^ set(deployed)):
        yield f"infra/{RULES}: the detection {name} is a file or deployed, but not both"
    for name in sorted({one for one in deployed if deployed.count(one) > 1}):
        yield f"infra/{RULES}: the detection {name} is deployed twice"


def _loaded(rules: BicepFile) -> Iterator[tuple[str, str]]:
    for name, one in rules.variables.items():
        if isinstance(one.value, Call) and one.value.name == "loadYamlContent":
            (path,) = one.value.arguments
            yield name, str(path.literal if isinstance(path, Text) else path)


def _file_name(symbol: str) -> str:
    return _FILES.get(symbol) or re.sub(r"(?<!^)(?=[A-Z])", "_", symbol).lower()


_FILES = {"bruteForce": "brute_force_success"}
"""Detections whose symbol is not their file's name."""
