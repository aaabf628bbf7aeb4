"""The seed's eight blocks (plus ours) and the exact names of their inputs and outputs.

Source: seed 004 section A, repeated in DESIGN section 2. A block is always present in the case
record, with every output name; an unknown output is ``null`` and named in ``notes``.
"""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from shared.models.base import Json, Model, UtcDatetime


class BlockStatus(StrEnum):
    """How a block ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


class BlockName(StrEnum):
    """Names of the blocks, as in the seed."""

    USER = "AD_User_Enrichment"
    ADDRESS = "IP_Reputation_GeoIP_Check"
    SIGN_INS = "AzureAD_SignIn_Log_Analysis"
    ACTIVITY = "Account_Activity_Analysis"
    SCORING = "Compromise_Confidence_Scoring"
    CONTAINMENT = "Conditional_AD_Containment"
    FIREWALL = "Conditional_Firewall_IP_Block"
    EVIDENCE = "Evidence_Preservation"
    NOTIFICATION = "Incident_Creation_Notification"


BLOCK_INPUTS: dict[BlockName, tuple[str, ...]] = {
    BlockName.USER: ("user_id", "successful_login_ip"),
    BlockName.ADDRESS: ("successful_login_ip",),
    BlockName.SIGN_INS: (
        "user_id",
        "successful_login_ip",
        "successful_login_time",
        "detection_time_window",
    ),
    BlockName.ACTIVITY: ("user_id", "look_back_hours"),
    BlockName.SCORING: (
        "user_principal_name",
        "is_admin_role",
        "mfa_enabled",
        "mfa_status_at_login",
        "ip_reputation_score",
        "geo_country",
        "login_location_variance",
        "mfa_result_successful_login",
    ),
    BlockName.CONTAINMENT: (
        "user_id",
        "compromise_confidence_score",
        "recommended_containment_actions",
    ),
    BlockName.FIREWALL: (
        "successful_login_ip",
        "compromise_confidence_score",
        "ip_reputation_score",
        "recommended_containment_actions",
    ),
    BlockName.EVIDENCE: (
        "user_id",
        "successful_login_ip",
        "successful_login_time",
        "detection_time_window",
        "user_principal_name",
    ),
    BlockName.NOTIFICATION: (
        "compromise_confidence_score",
        "user_principal_name",
        "successful_login_ip",
        "ip_reputation_score",
        "successful_login_details",
        "password_reset_status",
        "sessions_revoked_status",
        "ip_block_status",
        "exported_ad_logs_link",
        "justification_for_score",
    ),
}

BLOCK_OUTPUTS: dict[BlockName, tuple[str, ...]] = {
    BlockName.USER: (
        "user_principal_name",
        "user_display_name",
        "is_admin_role",
        "mfa_enabled",
        "mfa_status_at_login",
        "user_groups",
        "last_known_logon_location",
        "last_known_logon_time",
    ),
    BlockName.ADDRESS: (
        "ip_reputation_score",
        "ip_reputation_feed_matches",
        "geo_country",
        "geo_city",
        "asn",
        "is_vpn_proxy_service",
    ),
    BlockName.SIGN_INS: (
        "successful_login_details",
        "mfa_result_successful_login",
        "login_location_variance",
        "failed_logins_count",
        "failed_login_details",
    ),
    BlockName.ACTIVITY: ("findings", "queries_run", "incomplete_queries"),
    BlockName.SCORING: (
        "compromise_confidence_score",
        "recommended_containment_actions",
        "justification_for_score",
    ),
    BlockName.CONTAINMENT: (
        "password_reset_status",
        "sessions_revoked_status",
        "ad_containment_execution_time",
    ),
    BlockName.FIREWALL: ("ip_block_status", "firewall_rule_id"),
    BlockName.EVIDENCE: (
        "exported_ad_logs_link",
        "exported_firewall_logs_link",
        "exported_edr_logs_link",
        "evidence_storage_location",
    ),
    BlockName.NOTIFICATION: ("incident_ticket_id", "analyst_notification_status"),
}


class Block(Model):
    """One block of the case record."""

    status: BlockStatus
    started_at: UtcDatetime | None = None
    finished_at: UtcDatetime | None = None
    inputs: Json = Field(default_factory=dict)
    outputs: Json = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    details: Json = Field(default_factory=dict)


class BlockResult(Model):
    """A block together with its name: what an activity returns to the orchestrator.

    Missing inputs and outputs are filled with ``None``; a name the seed does not know is refused;
    every unknown output of a block that ran is named in ``notes``.
    """

    name: BlockName
    block: Block

    @model_validator(mode="after")
    def _seed_names_only(self) -> Self:
        for given, known in (
            (self.block.inputs, BLOCK_INPUTS[self.name]),
            (self.block.outputs, BLOCK_OUTPUTS[self.name]),
        ):
            if unknown := set(given) - set(known):
                raise ValueError(f"{self.name} has no such field: {', '.join(sorted(unknown))}")
        return self


def make_block(
    name: BlockName,
    status: BlockStatus,
    *,
    inputs: Json,
    outputs: Json | None = None,
    notes: list[str] | None = None,
    details: Json | None = None,
    started_at: Any = None,
    finished_at: Any = None,
) -> BlockResult:
    """Build a block with exactly the seed's names, unknown outputs ``None`` and named in notes."""
    given = outputs or {}
    full_outputs = {key: given.get(key) for key in BLOCK_OUTPUTS[name]} | given
    missing = [key for key, value in full_outputs.items() if value is None]
    lines = list(notes or [])
    if missing:
        lines.append("unknown: " + ", ".join(missing))
    block = Block(
        status=status,
        started_at=started_at,
        finished_at=finished_at,
        inputs={key: inputs.get(key) for key in BLOCK_INPUTS[name]} | inputs,
        outputs=full_outputs,
        notes=lines,
        details=details or {},
    )
    return BlockResult(name=name, block=block)
