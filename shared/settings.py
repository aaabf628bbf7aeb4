"""The app's settings: one typed object, read once from the environment.

Every field is an app setting ``TOURNIQUET_<FIELD>``; a blank value counts as not set. A vendor
whose address or credential is not set is switched off and says so in the case. Credentials for
Azure come only through ``azure-identity`` (managed identity in the cloud, ``AZURE_CLIENT_ID`` and
friends elsewhere); in the cloud the secrets below are Key Vault references.
"""

import os
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.models.case import OperatingMode


def is_reference(value: str) -> bool:
    """Tell whether a setting's value is a Key Vault reference, not what it refers to."""
    return value.strip().casefold().startswith("@microsoft.keyvault(")


class Settings(BaseSettings):
    """All settings with their defaults; see docs/configuration.md for what each one does."""

    model_config = SettingsConfigDict(
        env_prefix="TOURNIQUET_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    mode: OperatingMode | None = None
    """Wins over the policy's mode, when set: the switch at hand."""
    policy_file: str | None = None
    """The response policy; relative to the folder of host.json. Not set: the one that ships."""
    public_url: str = "http://localhost:7071"
    """Base of the links sent to people."""
    link_signing_key: SecretStr | None = None
    """Secret of signed decision links; without it no link is sent."""
    automation_key: SecretStr | None = None
    """Key by which an automation, not a person, may use the decision and report routes; sent as
    ``x-functions-key``. Not set: only people and signed links."""

    look_back_hours: int = Field(default=72, ge=1, le=24 * 30)
    """Window of the activity hunts; the runbook asks for 24 to 72 hours."""
    baseline_days: int = Field(default=30, ge=1, le=90)
    """Window for what is normal for the account."""
    watch_hours: float = Field(default=24.0, gt=0, le=24 * 30)
    """How long a finished case is watched for acknowledgement and closing."""
    recheck_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    """When, after containment, sign-ins are searched again."""
    block_hours: float = Field(default=24.0, gt=0, le=24 * 90)
    """How long an address stays blocked."""
    late_log_budget_seconds: float = Field(default=180.0, ge=0, le=600)
    """How long the sign-in log is asked again for a success that the alert reports."""

    call_timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    """Deadline of one attempt of a vendor call."""
    call_budget_seconds: float = Field(default=30.0, gt=0, le=300)
    """Deadline of one vendor call including its retries."""
    call_attempts: int = Field(default=3, ge=1, le=10)
    query_timeout_seconds: float = Field(default=20.0, gt=0, le=600)
    """Deadline of one attempt of a log query, which takes longer than other calls."""

    identity_protection_per_10_seconds: int = Field(default=10, ge=0, le=1000)
    """Requests to Identity Protection by all instances of the app; 0: as many as there are."""
    graph_reports_per_10_seconds: int = Field(default=5, ge=0, le=1000)
    graph_url: str = "https://graph.microsoft.com/v1.0"
    okta_url: str | None = None
    """Address of the Okta org; blank switches Okta off."""
    okta_client_id: str | None = None
    okta_private_key: SecretStr | None = None
    """Private key of the service app, as JWK or PEM."""
    okta_api_token: SecretStr | None = None
    """In place of client and key; used before them when both are set."""
    okta_log_table: Literal["OktaV2_CL", "Okta_CL"] = "OktaV2_CL"
    """Where Sentinel's connector puts Okta's System Log."""
    log_analytics_url: str = "https://api.loganalytics.io/v1"
    log_analytics_workspace_id: str | None = None
    arm_url: str = "https://management.azure.com"
    siem: Literal["sentinel", "google_secops"] = "sentinel"
    """Where sign-ins, hunts and logs for the evidence are asked for."""
    google_secops_url: str | None = None
    """Address of the Chronicle API; blank switches Google SecOps off."""
    google_secops_instance: str | None = Field(
        default=None, pattern=r"^projects/[^/]+/locations/[^/]+/instances/[^/]+$"
    )
    google_credentials: SecretStr | None = None
    """A service account's key, or the configuration of workload identity federation, as JSON."""
    google_secops_case_assignee: str | None = None
    """Who new cases of the SOAR are assigned to, a user or ``@role``; switches these tickets on."""
    google_secops_case_environment: str = Field(default="Default Environment", min_length=1)
    google_secops_console_url: str | None = None
    firewall_ip_group_id: str | None = None
    named_location_id: str | None = None
    """Named location of Entra Conditional Access that a policy blocks."""
    panos_url: str | None = None
    panos_api_key: SecretStr | None = None
    panos_tag: str = Field(default="tourniquet-blocked", min_length=1, max_length=127)
    """Tag of a dynamic address group that a rule denies."""
    block_list_enabled: bool = False
    """Whether blocked addresses are kept as a list that firewalls fetch."""
    defender_enabled: bool = False
    defender_url: str = "https://api.security.microsoft.com"
    defender_isolation: Literal["Full", "Selective"] = "Full"
    defender_domains: Annotated[list[str], NoDecode] = Field(default_factory=list)
    """Windows domains (NetBIOS names) that accounts log on with, comma separated, besides the first
    label of the domain in their own names."""
    virustotal_url: str = "https://www.virustotal.com/api/v3"
    virustotal_api_key: SecretStr | None = None
    abuseipdb_url: str = "https://api.abuseipdb.com/api/v2"
    abuseipdb_api_key: SecretStr | None = None
    greynoise_url: str = "https://api.greynoise.io"
    greynoise_api_key: SecretStr | None = None
    geoip_city_db: str | None = None
    geoip_asn_db: str | None = None
    geoip_anonymous_db: str | None = None
    blob_url: str | None = None
    case_container: str = "cases"
    evidence_container: str = "evidence"
    sentinel_tickets: bool = False
    """Whether a case's incident in Sentinel is a ticket."""
    servicenow_url: str | None = None
    servicenow_username: str | None = None
    servicenow_password: SecretStr | None = None
    jira_url: str | None = None
    jira_email: str | None = None
    jira_api_token: SecretStr | None = None
    jira_project: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]{1,254}$")
    """The key of the project that the issues are opened in."""
    jira_issue_type: str = Field(default="Task", min_length=1, max_length=60)
    slack_url: str = "https://slack.com/api"
    slack_bot_token: SecretStr | None = None
    slack_channel: str | None = None
    slack_signing_secret: SecretStr | None = None
    """By which Slack signs what people do with a message; without it nobody decides in Slack."""
    teams_webhook_url: SecretStr | None = None
    """Address of a Workflows webhook; whoever has it can post to the channel."""
    pagerduty_url: str = "https://events.pagerduty.com/v2"
    pagerduty_routing_key: SecretStr | None = None
    """Integration key of a service with the Events API v2: whoever has it can page."""
    mail_via: Literal["smtp", "graph", "communication_services"] | None = None
    """How mail is sent; not set: by SMTP when there is a host."""
    communication_services_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: str | None = None
    soc_mail_to: Annotated[list[str], NoDecode] = Field(default_factory=list)
    """The SOC distribution list."""

    @field_validator("link_signing_key", "automation_key", "slack_signing_secret", mode="after")
    @classmethod
    def _no_reference(cls, value: SecretStr | None) -> SecretStr | None:
        """Take a key that the platform could not read from the vault for not set.

        App Service then hands on the reference itself, which is no secret: whoever knows the
        vault's name could sign links with it.
        """
        return None if value and is_reference(value.get_secret_value()) else value

    def unread_secrets(self) -> list[str]:
        """Return the names of settings that the platform could not read from the vault."""
        names = [f"TOURNIQUET_{name.upper()}" for name in type(self).model_fields]
        return [name for name in names if is_reference(os.environ.get(name, ""))]

    @field_validator("soc_mail_to", "defender_domains", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


@cache
def get_settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        pydantic.ValidationError: a setting has a wrong value; the message names it.
    """
    return Settings()
