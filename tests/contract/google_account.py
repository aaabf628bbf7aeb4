"""Settings that lead to the lab's Google SecOps, and a federation's configuration."""

import json
from typing import Any

from lab.simulators.config import GOOGLE_ACCOUNT
from lab.simulators.google_token import AUDIENCE
from tests.contract.processes import Lab

ASSIGNEE = "@Tier1"


def origin(lab: Lab) -> str:
    """Return the address that all simulated vendors have."""
    return lab.environment["TOURNIQUET_GRAPH_URL"].partition("/graph")[0]


def secops(lab: Lab, **more: Any) -> dict[str, Any]:
    """Return the settings of Google SecOps."""
    return {
        "google_secops_url": f"{origin(lab)}/google-secops",
        "google_secops_case_assignee": ASSIGNEE,
        **more,
    }


def federation(lab: Lab, **changes: Any) -> str:
    """Return a configuration of workload identity federation, as gcloud writes it for Azure."""
    google = f"{origin(lab)}/google"
    source = (
        "http://169.254.169.254/metadata/identity/oauth2/token"
        "?api-version=2018-02-01&resource=https://graph.microsoft.com"
    )
    return json.dumps(
        {
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{google}/v1/token",
            "service_account_impersonation_url": (
                f"{google}/v1/projects/-/serviceAccounts/{GOOGLE_ACCOUNT}:generateAccessToken"
            ),
            "credential_source": {"url": source, "format": {"type": "json"}},
            **changes,
        }
    )
