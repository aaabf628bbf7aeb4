"""Identity and credentials the simulators accept: the app's own settings, read the same way.

Whoever starts the lab sets the app's environment variables once; the simulators and the app read
the same names, so they agree. What is not set gets a value made at start, and
``app_environment`` returns the whole set for the app.
"""

import secrets
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.simulators.google_key import google_key, key_file
from lab.simulators.okta_key import made_up_key

_SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"


def _made_up_secret() -> str:
    return secrets.token_urlsafe(24)


Secret = Annotated[str, Field(default_factory=_made_up_secret)]


TEAMS_WEBHOOK = (
    "/teams/workflows/0f5d6c1b2a394c7e8d9f/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig="
)
"""A Workflows address, without the signature that makes it a credential."""


GOOGLE_SECOPS_INSTANCE = (
    "projects/contoso-soc/locations/us/instances/6a3f2e0c-9f6b-4d53-8f0e-2f3c1d7b9a45"
)
GOOGLE_ACCOUNT = "tourniquet@contoso-soc.iam.gserviceaccount.com"


class SimulatorSettings(BaseSettings):
    """Names are the app's settings; see docs/configuration.md."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    azure_tenant_id: str = "3f0a52c1-6f1d-4c55-9d0e-6f6a7d1c2b10"
    azure_client_id: str = "7d9c2a35-0d0b-4f0e-8a52-0a4c1c7b9e21"
    azure_client_secret: Secret
    tourniquet_log_analytics_workspace_id: str = "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42"
    tourniquet_firewall_ip_group_id: str = (
        f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/rg-tourniquet"
        "/providers/Microsoft.Network/ipGroups/ipg-tourniquet-blocked"
    )
    tourniquet_panos_api_key: Secret
    tourniquet_virustotal_api_key: Secret
    tourniquet_abuseipdb_api_key: Secret
    tourniquet_greynoise_api_key: Secret
    tourniquet_servicenow_username: str = "tourniquet"
    tourniquet_servicenow_password: Secret
    tourniquet_jira_email: str = "tourniquet@contoso.example"
    tourniquet_jira_api_token: Secret
    tourniquet_jira_project: str = "SOC"
    tourniquet_slack_bot_token: Annotated[
        str, Field(default_factory=lambda: f"xoxb-{_made_up_secret()}")
    ]
    tourniquet_slack_channel: str = "C0LABSOC01"
    tourniquet_slack_signing_secret: Secret
    lab_teams_signature: Secret
    tourniquet_okta_client_id: str = "0oatourniquetlab0h7"
    tourniquet_okta_private_key: Annotated[str, Field(default_factory=made_up_key)]
    lab_okta_api_token: Secret
    tourniquet_pagerduty_routing_key: Annotated[
        str, Field(default_factory=lambda: secrets.token_hex(16))
    ]
    lab_google_private_key: Annotated[str, Field(default_factory=google_key)]
    tourniquet_google_secops_instance: str = GOOGLE_SECOPS_INSTANCE
    tourniquet_smtp_username: str = "tourniquet"
    tourniquet_smtp_password: Secret
    tourniquet_mail_from: str = "tourniquet@contoso.example"
    tourniquet_soc_mail_to: str = "soc@contoso.example"


def app_environment(
    settings: SimulatorSettings, *, tls_port: int, smtp_port: int, state_dir: Path
) -> dict[str, str]:
    """Return the environment with which the app talks to these simulators.

    Covers identity, vendor addresses and credentials, the certificate bundle and the GeoIP
    files; not the app's own address, mode, storage or signing key.
    """
    origin = f"https://localhost:{tls_port}"
    teams = f"{origin}{TEAMS_WEBHOOK}{settings.lab_teams_signature}"
    bundle = str(state_dir / "ca.pem")
    geoip = state_dir / "geoip"
    same_names = {name.upper(): str(value) for name, value in settings.model_dump().items()}
    return same_names | {
        "AZURE_AUTHORITY_HOST": origin,
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "TOURNIQUET_GRAPH_URL": f"{origin}/graph/v1.0",
        "TOURNIQUET_LOG_ANALYTICS_URL": f"{origin}/loganalytics/v1",
        "TOURNIQUET_ARM_URL": f"{origin}/arm",
        "TOURNIQUET_DEFENDER_ENABLED": "true",
        "TOURNIQUET_DEFENDER_URL": f"{origin}/defender",
        "TOURNIQUET_VIRUSTOTAL_URL": f"{origin}/virustotal/api/v3",
        "TOURNIQUET_ABUSEIPDB_URL": f"{origin}/abuseipdb/api/v2",
        "TOURNIQUET_GREYNOISE_URL": f"{origin}/greynoise",
        "TOURNIQUET_OKTA_URL": f"{origin}/okta",
        "TOURNIQUET_GOOGLE_CREDENTIALS": key_file(
            settings.lab_google_private_key, GOOGLE_ACCOUNT, f"{origin}/google/token"
        ),
        "TOURNIQUET_SERVICENOW_URL": f"{origin}/servicenow",
        "TOURNIQUET_SLACK_URL": f"{origin}/slack/api",
        "TOURNIQUET_TEAMS_WEBHOOK_URL": teams,
        "TOURNIQUET_PAGERDUTY_URL": f"{origin}/pagerduty/v2",
        "TOURNIQUET_COMMUNICATION_SERVICES_URL": f"{origin}/communication",
        "TOURNIQUET_SMTP_HOST": "localhost",
        "TOURNIQUET_SMTP_PORT": str(smtp_port),
        "TOURNIQUET_SMTP_TLS": "starttls",
        "TOURNIQUET_GEOIP_CITY_DB": str(geoip / "city.mmdb"),
        "TOURNIQUET_GEOIP_ASN_DB": str(geoip / "asn.mmdb"),
        "TOURNIQUET_GEOIP_ANONYMOUS_DB": str(geoip / "anonymous.mmdb"),
    }
