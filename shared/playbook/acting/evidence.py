"""Which logs are kept as evidence, by which query, and under which output of the seed's block.

Values reach the queries only as escaped ``let`` literals that the SIEM provider puts in front:
``userId``, ``userPrincipalName``, ``accountName``, ``addresses``.
"""

from datetime import datetime

from shared.models.base import Json, Model, format_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.evidence import Missing
from shared.models.message import EvidenceItem

NOT_SEALED = "no manifest of the evidence"
RECEIVED = "incident-as-received.json"
"""The incident as it arrived: written by the trigger before the case starts."""


class EvidenceExport(Model):
    """One export: a table's rows about the account or its addresses."""

    name: str
    """Name of the item; its first part when the rows need several."""
    output: str
    """Which link of the seed's block it belongs to."""
    table: str
    condition: str

    @property
    def query(self) -> str:
        """The query; it stands in the manifest, and is what a person can run by hand."""
        return f"{self.table} | where {self.condition} | order by TimeGenerated asc"

    def page(self, limit: int | None) -> str:
        """Return the query of one page: ``[pageStart, pageEnd)``, at most ``limit`` rows."""
        most = f" | take {limit}" if limit is not None else ""
        return f"{self.table} | where {_PAGE} | where {self.condition} | {_ORDER}{most}"

    def counts(self) -> str:
        """Return the query that says how many rows each ``pageStep`` of a page has."""
        return (
            f"{self.table} | where {_PAGE} | where {self.condition}"
            " | summarize Rows = count() by Start = bin(TimeGenerated, pageStep)"
            " | order by Start asc"
        )


_PAGE = "TimeGenerated >= pageStart and TimeGenerated < pageEnd"
_ORDER = "order by TimeGenerated asc"
_ACCOUNT = "UserId =~ userId or UserPrincipalName =~ userPrincipalName"

EXPORTS: tuple[EvidenceExport, ...] = (
    EvidenceExport(
        name="office-activity.jsonl.gz",
        output="exported_ad_logs_link",
        table="OfficeActivity",
        condition="UserId =~ userPrincipalName",
    ),
    EvidenceExport(
        name="directory-audit.jsonl.gz",
        output="exported_ad_logs_link",
        table="AuditLogs",
        condition=(
            "tostring(InitiatedBy) contains userPrincipalName"
            " or tostring(TargetResources) contains userPrincipalName"
            " or tostring(TargetResources) contains userId"
        ),
    ),
    EvidenceExport(
        name="endpoint-processes.jsonl.gz",
        output="exported_edr_logs_link",
        table="DeviceProcessEvents",
        condition="AccountUpn =~ userPrincipalName or AccountObjectId =~ userId",
    ),
    EvidenceExport(
        name="endpoint-logons.jsonl.gz",
        output="exported_edr_logs_link",
        table="DeviceLogonEvents",
        condition="AccountName =~ accountName or RemoteIP in (addresses)",
    ),
    EvidenceExport(
        name="sign-ins-interactive.jsonl.gz",
        output="exported_ad_logs_link",
        table="SigninLogs",
        condition=_ACCOUNT,
    ),
    EvidenceExport(
        name="sign-ins-non-interactive.jsonl.gz",
        output="exported_ad_logs_link",
        table="AADNonInteractiveUserSignInLogs",
        condition=_ACCOUNT,
    ),
    EvidenceExport(
        name="firewall.jsonl.gz",
        output="exported_firewall_logs_link",
        table="CommonSecurityLog",
        condition="SourceIP in (addresses) or DestinationIP in (addresses)",
    ),
)
"""In the order in which they are exported. First what an attacker who is inside can still reach:
the trace of what was done in the mailbox and in the directory, which an administrator's session can
stop or purge, then what comes from devices that can be wiped; what lies outside of the account's
reach is last."""

OKTA_EXPORTS: dict[str, EvidenceExport] = {
    table: EvidenceExport(
        name="okta-system-log.jsonl.gz",
        output="exported_ad_logs_link",
        table=table,
        condition=(f"{name} =~ userPrincipalName or {user} =~ userId or {address} in (addresses)"),
    )
    for table, name, user, address in (
        ("OktaV2_CL", "OriginalActorAlternateId", "OriginalUserId", "SrcIpAddr"),
        ("Okta_CL", "actor_alternateId_s", "actor_id_s", "client_ipAddress_s"),
    )
}
"""The same of Okta's System Log, by the table that Sentinel's connector fills."""


_MAIN_EXPORT = {
    "exported_ad_logs_link": "SigninLogs",
    "exported_firewall_logs_link": "CommonSecurityLog",
    "exported_edr_logs_link": "DeviceLogonEvents",
}
"""The export that a link of the seed's block leads to; when it was not kept, the first that was."""


def missing_export(export: EvidenceExport, reason: str, start: datetime, end: datetime) -> Missing:
    """Return the line of a source that could not be exported, or not whole."""
    return Missing(
        source=export.table,
        reason=reason,
        by_hand=(
            f"In Sentinel, Logs, time range {format_utc(start)} to {format_utc(end)}, run this"
            " query with the manifest's parameters in front as let statements, and keep the rows"
            f" with the case: {export.query}"
        ),
    )


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
    items: list[EvidenceItem],
    missing: list[Missing],
) -> Json:
    """Return the block ``Evidence_Preservation`` before it is sealed: no manifest yet."""
    lines = [_missing_line(one) for one in missing]
    if any(item.name != RECEIVED for item in items):
        status = BlockStatus.PARTIAL if lines else BlockStatus.COMPLETE
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
        outputs=_links(items),
        notes=lines,
        details={
            "items": [item.to_json() for item in items],
            "missing": [one.to_json() for one in missing],
            "parameters": query_parameters(case, user_principal_name),
            "manifest": None,
        },
    ).block.to_json()


def still_exporting(case: CaseRequest) -> Json:
    """Return the block of an export that takes so long that the hand-over does not wait for it."""
    inputs = {
        "user_id": case.account.user_id if case.account else None,
        "successful_login_ip": case.successful_login_ip,
        "detection_time_window": case.detection_time_window_minutes,
    }
    note = "the logs are still being exported; they are complete when the case is closed"
    return make_block(
        BlockName.EVIDENCE, BlockStatus.PARTIAL, inputs=inputs, notes=[note]
    ).block.to_json()


def sealed_block(block: Json, sealed: Json | None, error: str | None) -> Json:
    """Return the block with its manifest, or with the note that there is none.

    Args:
        block: the block so far.
        sealed: what ``seal_evidence`` returned: ``{"manifest", "items", "events", "missing"}``.
        error: why it returned nothing.
    """
    if not sealed or not sealed.get("manifest"):
        why = error or (sealed or {}).get("error") or "no answer"
        status = BlockStatus.PARTIAL if block["details"].get("items") else BlockStatus.FAILED
        return block | {"status": status, "notes": [*block["notes"], f"{NOT_SEALED}: {why}"]}
    missing = [_missing_line(Missing.model_validate(one)) for one in sealed["missing"]]
    notes = [note for note in block["notes"] if not note.startswith(NOT_SEALED)]
    return block | {
        "notes": [*notes, *(line for line in missing if line not in notes)],
        "status": BlockStatus.PARTIAL if missing and block["status"] == BlockStatus.COMPLETE
        else block["status"],
        "details": block["details"]
        | {key: sealed[key] for key in ("manifest", "items", "events")},
    }  # fmt: skip


def _missing_line(one: Missing) -> str:
    return f"not exported, collect by hand: {one.source}: {one.reason}"


def _links(items: list[EvidenceItem]) -> dict[str, str]:
    """Return the links of the seed's block: each to its main export, else to the first there is."""
    first: dict[str, str] = {}
    for item in items:
        first.setdefault(item.source, item.url)
    links: dict[str, str] = {}
    for export in (*EXPORTS, *OKTA_EXPORTS.values()):
        if export.table in first and (
            export.output not in links or export.table == _MAIN_EXPORT[export.output]
        ):
            links[export.output] = first[export.table]
    if items:
        links["evidence_storage_location"] = items[0].url.removesuffix(f"/{items[0].name}")
    return links
