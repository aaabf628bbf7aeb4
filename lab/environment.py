"""The environment of the app in the lab: ordinary settings, as a deployment has them."""

import os
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path

from lab.errors import LabError
from lab.functions_host.easy_auth import EasyAuthSettings
from lab.functions_host.settings import EASY_AUTH
from lab.ports import Ports
from lab.scenarios.models import Common
from lab.simulators.config import SimulatorSettings
from shared.models.case import OperatingMode

AS_GRAPH_LIMITS = {
    "TOURNIQUET_IDENTITY_PROTECTION_PER_10_SECONDS": "10",
    "TOURNIQUET_GRAPH_REPORTS_PER_10_SECONDS": "5",
}
"""The app's own defaults, for measurements; elsewhere the lab has no such limits."""


def read_mode(env: Mapping[str, str]) -> OperatingMode:
    """Return the operating mode that ``LAB_MODE`` asks for; automatic by default.

    Raises:
        LabError: there is no such mode.
    """
    text = env.get("LAB_MODE", "") or OperatingMode.AUTOMATIC
    if text not in list(OperatingMode):
        raise LabError(f"LAB_MODE is '{text}', must be one of: {', '.join(OperatingMode)}")
    return OperatingMode(text)


def read_workers(env: Mapping[str, str]) -> int:
    """Return the number of worker processes that ``LAB_WORKERS`` asks for; 2 by default.

    Raises:
        LabError: it is not a number from 1 to 16.
    """
    text = env.get("LAB_WORKERS", "") or "2"
    if not text.isdigit() or not 1 <= int(text) <= 16:
        raise LabError(f"LAB_WORKERS is '{text}', must be a number from 1 to 16")
    return int(text)


def simulator_settings(common: Common) -> SimulatorSettings:
    """Return the identity and credentials that app and simulators agree on, made anew.

    The user's ``TOURNIQUET_...`` variables count; ``AZURE_...`` ones do not: real credentials of a
    developer must never reach a lab.
    """
    organisation = common.organisation
    ip_group = (
        f"/subscriptions/{organisation.subscription_id}"
        f"/resourceGroups/{organisation.resource_group}"
        f"/providers/Microsoft.Network/ipGroups/{organisation.firewall_ip_group}"
    )
    own = _own_settings()
    return SimulatorSettings(
        azure_tenant_id=organisation.tenant_id,
        azure_client_id=str(uuid.uuid4()),
        azure_client_secret=secrets.token_urlsafe(24),
        tourniquet_log_analytics_workspace_id=own.get(
            "TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID", organisation.workspace_id
        ),
        tourniquet_firewall_ip_group_id=own.get("TOURNIQUET_FIREWALL_IP_GROUP_ID", ip_group),
    )


def wants_sign_in(env: Mapping[str, str]) -> bool:
    """Tell whether ``LAB_SIGN_IN`` asks for App Service authentication before the app.

    Raises:
        LabError: it is neither 0 nor 1.
    """
    text = env.get("LAB_SIGN_IN", "") or "0"
    if text not in ("0", "1"):
        raise LabError(f"LAB_SIGN_IN is '{text}', must be 0 or 1")
    return text == "1"


def sign_in_environment(common: Common) -> dict[str, str]:
    """Return the setting of the host that switches App Service authentication on.

    As a deployment has it (docs/permissions.md): who has not signed in passes, and the app refuses.
    """
    settings = EasyAuthSettings.model_validate(
        {"tenant_id": common.organisation.tenant_id, "people": common.people}
    )
    return {EASY_AUTH: settings.model_dump_json()}


def _own_settings() -> dict[str, str]:
    """The app settings that the user set in the shell."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("TOURNIQUET_") and value
    }


def host_environment(ports: Ports, policy_file: Path, function_key: str) -> dict[str, str]:
    """Return the settings of the app that are not about the simulators.

    The function key is the automation key, too: whoever may send incidents may answer for a person.

    Times that nobody waits for at a laptop are shorter than in production.
    """
    return {
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "3145728",
        "TASKHUB_NAME": "TourniquetLab",
        "LAB_FUNCTION_KEY": function_key,
        "TOURNIQUET_AUTOMATION_KEY": function_key,
        "TOURNIQUET_LINK_SIGNING_KEY": secrets.token_urlsafe(32),
        "TOURNIQUET_PUBLIC_URL": f"http://127.0.0.1:{ports.host}",
        "TOURNIQUET_BLOB_URL": f"https://127.0.0.1:{ports.blob}/devstoreaccount1",
        "TOURNIQUET_RECHECK_MINUTES": "1",
        "TOURNIQUET_LATE_LOG_BUDGET_SECONDS": "2",
        # The simulated Graph has no such limits unless its tenant asks for them.
        **dict.fromkeys(AS_GRAPH_LIMITS, "0"),
        **_own_settings(),
        # The user's own policy, too, is in that file.
        "TOURNIQUET_POLICY_FILE": str(policy_file),
        # A proxy of the user's network must not be asked for what runs on this machine.
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }


def with_addresses(settings: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    """Return settings with ``{simulators}`` replaced by the address that all vendors have here.

    ``app``: the app's other settings in this lab.
    """
    origin = app["TOURNIQUET_ARM_URL"].removesuffix("/arm")
    return {name: value.replace("{simulators}", origin) for name, value in settings.items()}


def simulator_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the process environment of the simulators: this one's, but their own identity."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    return kept | dict(base)


def repository_root() -> Path:
    """Return the folder with ``function_app.py``: the app that the lab runs."""
    return Path(__file__).resolve().parent.parent
