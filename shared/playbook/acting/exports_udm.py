"""The logs that are kept as evidence, where they are in Google SecOps: UDM searches."""

from datetime import datetime

from shared.models.base import format_utc
from shared.playbook.acting.exports import EvidenceExport


class UdmExport(EvidenceExport):
    """One export of Google SecOps: the events that a UDM search selects, ``condition``."""

    @property
    def query(self) -> str:
        """The search, with ``${name}`` where the manifest's parameters go."""
        return self.condition

    def page(self, limit: int | None) -> str:
        """Return the same search: the period is the request's, and the search has no limit."""
        return self.condition

    def counts(self) -> str:
        """Return nothing: the search does not count, so that a window is cut in half."""
        return ""

    def by_hand(self, start: datetime, end: datetime) -> str:
        """Return what a person does to collect the same."""
        return (
            f"In Google SecOps, SIEM search, time range {format_utc(start)} to {format_utc(end)},"
            " run this search with the manifest's parameters in their places, and keep the events"
            f" with the case: {self.query}"
        )


def _udm_account(noun: str) -> str:
    return (
        f"{noun}.user.email_addresses = ${{userPrincipalName}} nocase"
        f" or {noun}.user.userid = ${{userPrincipalName}} nocase"
        f" or {noun}.user.product_object_id = ${{userId}} nocase"
    )


_ACTED, _MEANT = _udm_account("principal"), _udm_account("target")
UDM_EXPORTS: tuple[UdmExport, ...] = (
    UdmExport(
        name="udm-office-activity.jsonl.gz",
        output="exported_ad_logs_link",
        table="UDM OFFICE_365",
        condition=f'metadata.log_type = "OFFICE_365" and ({_ACTED})',
    ),
    UdmExport(
        name="udm-directory-audit.jsonl.gz",
        output="exported_ad_logs_link",
        table="UDM AZURE_AD_AUDIT",
        condition=f'metadata.log_type = "AZURE_AD_AUDIT" and ({_ACTED} or {_MEANT})',
    ),
    UdmExport(
        name="udm-endpoint-processes.jsonl.gz",
        output="exported_edr_logs_link",
        table="UDM PROCESS_LAUNCH",
        condition=(
            f'metadata.event_type = "PROCESS_LAUNCH" and ({_ACTED}'
            " or principal.user.userid = ${accountName} nocase"
            " or principal.user.userid = ${onPremisesName} nocase)"
        ),
    ),
    UdmExport(
        name="udm-sign-ins.jsonl.gz",
        output="exported_ad_logs_link",
        table="UDM USER_LOGIN",
        condition=(
            f'metadata.event_type = "USER_LOGIN" and ({_MEANT}'
            " or target.user.userid = ${accountName} nocase"
            " or target.user.userid = ${onPremisesName} nocase)"
        ),
    ),
    UdmExport(
        name="udm-firewall.jsonl.gz",
        output="exported_firewall_logs_link",
        table="UDM NETWORK_CONNECTION",
        condition=(
            'metadata.event_type = "NETWORK_CONNECTION"'
            " and (${any principal.ip addresses} or ${any target.ip addresses})"
        ),
    ),
)
"""The same of Google SecOps, in the same order."""

UDM_OKTA = UdmExport(
    name="udm-okta-system-log.jsonl.gz",
    output="exported_ad_logs_link",
    table="UDM OKTA",
    condition=(
        f'metadata.log_type = "OKTA" and ({_ACTED} or {_MEANT} or ${{any principal.ip addresses}})'
    ),
)
"""Okta's System Log, what is no login included, where Okta is a directory."""
