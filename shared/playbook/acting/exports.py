"""Which logs are kept as evidence, by which query, and under which output of the seed's block.

Values reach the queries only as escaped ``let`` literals that the SIEM provider puts in front:
``userId``, ``userPrincipalName``, ``accountName``, ``onPremisesName``, ``addresses``,
``hostileAddresses``.
"""

from datetime import datetime

from shared.models.base import Model, format_utc


class EvidenceExport(Model):
    """One export: a table's rows about the account or its addresses."""

    name: str
    """Name of the item; its first part when the rows need several."""
    output: str
    """Which link of the seed's block it belongs to."""
    table: str
    condition: str
    by_address: bool = False
    """Whether it asks for everybody at the attacker's address, not for the account."""

    @property
    def source(self) -> str:
        """Where the rows are from, as item and manifest say it."""
        return f"{self.table} by address" if self.by_address else self.table

    @property
    def query(self) -> str:
        """The query; it stands in the manifest, and is what a person can run by hand."""
        return f"{self.table} | where {self.condition} | order by TimeGenerated asc"

    def part_name(self, number: int) -> str:
        """Return the name of a part: the export's own, from the second on with the number."""
        stem, dot, extension = self.name.partition(".")
        suffix = f"-{number}" if number > 1 else ""
        return f"{stem}{suffix}{dot}{extension}"

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

    def by_hand(self, start: datetime, end: datetime) -> str:
        """Return what a person does to collect the same."""
        return (
            f"In Sentinel, Logs, time range {format_utc(start)} to {format_utc(end)}, run this"
            " query with the manifest's parameters in front as let statements, and keep the rows"
            f" with the case: {self.query}"
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
        condition=(
            "AccountName =~ accountName or AccountName =~ onPremisesName or RemoteIP in (addresses)"
        ),
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

_EITHER_END = "SourceIp in (addresses) or DestinationIp in (addresses)"

AZURE_FIREWALL_EXPORTS: tuple[EvidenceExport, ...] = tuple(
    EvidenceExport(
        name=f"azure-firewall-{name}.jsonl.gz",
        output="exported_firewall_logs_link",
        table=table,
        condition=condition,
    )
    for name, table, condition in (
        ("network", "AZFWNetworkRule", _EITHER_END),
        ("application", "AZFWApplicationRule", "SourceIp in (addresses) or Fqdn in (addresses)"),
        ("nat", "AZFWNatRule", _EITHER_END),
        ("threat-intelligence", "AZFWThreatIntel", f"{_EITHER_END} or Fqdn in (addresses)"),
        ("intrusion-detection", "AZFWIdpsSignature", _EITHER_END),
    )
)
"""Azure Firewall's own tables (resource-specific mode), where the app blocks with it. The log of an
application rule has the destination as a name only; it is an address when it was asked for by one.

Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwnetworkrule and the
like."""
