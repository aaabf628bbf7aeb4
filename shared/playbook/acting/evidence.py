"""Which logs are kept as evidence, by which query, and under which output of the seed's block.

Values reach the queries only as escaped ``let`` literals that the SIEM provider puts in front:
``userId``, ``userPrincipalName``, ``accountName``, ``addresses``.
"""

from shared.models.base import Json, Model
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.message import EvidenceItem

RECEIVED = "incident-as-received.json"
"""The incident as it arrived: written by the trigger before the case starts."""


class EvidenceExport(Model):
    """One export: a table's rows about the account or its addresses."""

    name: str
    """Blob name within the case."""
    output: str
    """Which link of the seed's block it belongs to."""
    table: str
    query: str


_BY_ACCOUNT = "| where UserId =~ userId or UserPrincipalName =~ userPrincipalName"

EXPORTS: tuple[EvidenceExport, ...] = (
    EvidenceExport(
        name="sign-ins-interactive.jsonl.gz",
        output="exported_ad_logs_link",
        table="SigninLogs",
        query=f"SigninLogs {_BY_ACCOUNT} | order by TimeGenerated asc",
    ),
    EvidenceExport(
        name="sign-ins-non-interactive.jsonl.gz",
        output="exported_ad_logs_link",
        table="AADNonInteractiveUserSignInLogs",
        query=f"AADNonInteractiveUserSignInLogs {_BY_ACCOUNT} | order by TimeGenerated asc",
    ),
    EvidenceExport(
        name="directory-audit.jsonl.gz",
        output="exported_ad_logs_link",
        table="AuditLogs",
        query=(
            "AuditLogs | where tostring(InitiatedBy) contains userPrincipalName"
            " or tostring(TargetResources) contains userPrincipalName"
            " or tostring(TargetResources) contains userId | order by TimeGenerated asc"
        ),
    ),
    EvidenceExport(
        name="office-activity.jsonl.gz",
        output="exported_ad_logs_link",
        table="OfficeActivity",
        query="OfficeActivity | where UserId =~ userPrincipalName | order by TimeGenerated asc",
    ),
    EvidenceExport(
        name="firewall.jsonl.gz",
        output="exported_firewall_logs_link",
        table="CommonSecurityLog",
        query=(
            "CommonSecurityLog | where SourceIP in (addresses) or DestinationIP in (addresses)"
            " | order by TimeGenerated asc"
        ),
    ),
    EvidenceExport(
        name="endpoint-logons.jsonl.gz",
        output="exported_edr_logs_link",
        table="DeviceLogonEvents",
        query=(
            "DeviceLogonEvents | where AccountName =~ accountName or RemoteIP in (addresses)"
            " | order by TimeGenerated asc"
        ),
    ),
    EvidenceExport(
        name="endpoint-processes.jsonl.gz",
        output="exported_edr_logs_link",
        table="DeviceProcessEvents",
        query=(
            "DeviceProcessEvents | where AccountUpn =~ userPrincipalName"
            " or AccountObjectId =~ userId | order by TimeGenerated asc"
        ),
    ),
)

OKTA_EXPORTS: dict[str, EvidenceExport] = {
    table: EvidenceExport(
        name="okta-system-log.jsonl.gz",
        output="exported_ad_logs_link",
        table=table,
        query=(
            f"{table} | where {name} =~ userPrincipalName or {user} =~ userId"
            f" or {address} in (addresses) | order by TimeGenerated asc"
        ),
    )
    for table, name, user, address in (
        ("OktaV2_CL", "OriginalActorAlternateId", "OriginalUserId", "SrcIpAddr"),
        ("Okta_CL", "actor_alternateId_s", "actor_id_s", "client_ipAddress_s"),
    )
}
"""The same of Okta's System Log, by the table that Sentinel's connector fills."""


def query_parameters(case: CaseRequest, user_principal_name: str | None) -> Json:
    """Return the values every hunt and export may use; an unknown one is an impossible value."""
    account = case.account
    name = user_principal_name or (account.user_principal_name if account else None)
    return {
        "userId": (account.object_id or account.user_id) if account else "-",
        "userPrincipalName": name or (account.user_id if account else "-"),
        "accountName": (name or (account.user_id if account else "-")).split("@")[0],
        "addresses": list(case.addresses) or ["-"],
    }


def evidence_block(
    case: CaseRequest,
    *,
    user_principal_name: str | None,
    items: list[tuple[EvidenceExport, EvidenceItem]],
    manifest: EvidenceItem | None,
    notes: list[str],
) -> Json:
    """Return the block ``Evidence_Preservation``; a missing export is a note with what to do."""
    links: dict[str, str] = {}
    for export, item in items:
        links.setdefault(export.output, item.url)
    if items and manifest:
        status = BlockStatus.PARTIAL if notes else BlockStatus.COMPLETE
    else:
        status = BlockStatus.FAILED
    login_time = case.to_json()["successful_login_time"]
    return make_block(
        BlockName.EVIDENCE,
        status,
        inputs={
            "user_id": case.account.user_id if case.account else None,
            "successful_login_ip": case.successful_login_ip,
            "successful_login_time": login_time,
            "detection_time_window": case.detection_time_window_minutes,
            "user_principal_name": user_principal_name,
        },
        outputs=links
        | {"evidence_storage_location": manifest.url.rpartition("/")[0] if manifest else None},
        notes=notes,
        details={
            "items": [item.to_json() for _export, item in items],
            "manifest": manifest.to_json() if manifest else None,
        },
    ).block.to_json()
