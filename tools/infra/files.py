"""Parameters, roles, settings, relay, azd, workflow and portal: what goes with the Bicep files."""

from collections.abc import Mapping
from pathlib import Path

from tools.bicep.syntax import BicepFile
from tools.infra import azd, fixed, parameters, portal, relay, roles, settings, workflow


def check(root: Path, bicep: Mapping[str, BicepFile]) -> list[str]:
    """Return what is wrong with them."""
    infra = root / "infra"
    return [
        *parameters.check((infra / "main.parameters.json").read_text("utf-8"), bicep["main.bicep"]),
        *roles.check(bicep),
        *settings.check(root, bicep),
        *relay.check((infra / "relay.workflow.json").read_text("utf-8"), bicep),
        *azd.check((root / "azure.yaml").read_text("utf-8"), root, bicep),
        *workflow.check_all(workflow.read_all(root)),
        *fixed.check(
            (root / fixed.LINTER).read_text("utf-8"),
            (root / fixed.HOST).read_text("utf-8"),
            fixed.read_detections(root),
            bicep,
        ),
        *portal.check(
            (root / portal.WORKBOOK).read_text("utf-8"),
            portal.alert_queries(root),
            (root / portal.MODULE).read_text("utf-8"),
        ),
    ]
