"""What anybody did from the attacker's address: logs that are kept by address, not by account.

Only an address that no rule protects is asked for (``hostileAddresses``): by an office's egress the
rows of everybody there would be kept. An account's own rows from the address are in its own item,
too.
"""

from collections.abc import Iterable, Iterator, Sequence

from shared.models.base import Json
from shared.models.evidence import NO_ADDRESS_AT_ALL, LeftOut
from shared.playbook.acting.exports import EvidenceExport
from shared.playbook.acting.exports_udm import UdmExport

PARAMETER = "hostileAddresses"
IN_NAME = "-by-address"
"""What the names of items by address have in them, and no other's."""
NO_ADDRESS = "no address of the case is the attacker's, as far as it is known"


def _address_of(column: str, *written_in: str) -> str:
    """Return the condition that a column has one of the addresses, however it is written.

    There may be brackets, a port, or an IPv4 address written as IPv6. What the columns' index tells
    goes first: an expression is computed for what is left, not for everybody's rows.
    """
    indexed = " or ".join(f"{one} has_any ({PARAMETER})" for one in written_in or (column,))
    return (
        f'({indexed}) and extract(@"(?i)^\\[?(?:::ffff:)?([0-9.]{{7,15}}|[0-9a-f:]+)", 1, {column})'
        f" in~ ({PARAMETER})"
    )


def _export(name: str, table: str, condition: str) -> EvidenceExport:
    return EvidenceExport(
        name=f"{name}{IN_NAME}.jsonl.gz",
        output="exported_ad_logs_link",
        table=table,
        condition=condition,
        by_address=True,
    )


def _udm(name: str, table: str, condition: str) -> UdmExport:
    return UdmExport(
        name=f"udm-{name}{IN_NAME}.jsonl.gz",
        output="exported_ad_logs_link",
        table=table,
        condition=f"{condition} and (${{any principal.ip {PARAMETER}}})",
        by_address=True,
    )


_EVERY: tuple[EvidenceExport, ...] = (
    _export(
        "office-activity",
        "OfficeActivity",
        _address_of("coalesce(ClientIP, Client_IPAddress)", "ClientIP", "Client_IPAddress"),
    ),
    _export(
        "directory-audit",
        "AuditLogs",
        _address_of("tostring(InitiatedBy.user.ipAddress)", "tostring(InitiatedBy)"),
    ),
    _export("sign-ins-interactive", "SigninLogs", _address_of("IPAddress")),
    _export(
        "sign-ins-non-interactive", "AADNonInteractiveUserSignInLogs", _address_of("IPAddress")
    ),
    _udm("office-activity", "UDM OFFICE_365", 'metadata.log_type = "OFFICE_365"'),
    _udm("directory-audit", "UDM AZURE_AD_AUDIT", 'metadata.log_type = "AZURE_AD_AUDIT"'),
    _udm("sign-ins", "UDM USER_LOGIN", 'metadata.event_type = "USER_LOGIN"'),
)
BY_ADDRESS: dict[str, EvidenceExport] = {one.table: one for one in _EVERY}
"""By the table, what is kept of it by address. Firewalls, endpoint logons and Okta's System Log
are asked by address with the account."""


def with_addresses(
    exports: Iterable[EvidenceExport], hostile: Sequence[str]
) -> Iterator[EvidenceExport]:
    """Yield the exports, each followed by the same table's by address if there is an address."""
    for export in exports:
        yield export
        if hostile and export.table in BY_ADDRESS:
            yield BY_ADDRESS[export.table]


def left_out(
    exports: Iterable[EvidenceExport], hostile: Sequence[str], spared: Json
) -> list[LeftOut]:
    """Return a line for each export by address and each address that it does not ask for.

    Args:
        exports: the logs that are kept by account.
        hostile: the addresses that are asked for.
        spared: why another address of the case is not, by address.
    """
    reasons = spared or ({} if hostile else {NO_ADDRESS_AT_ALL: NO_ADDRESS})
    return [
        LeftOut(item=BY_ADDRESS[export.table].name, address=address, reason=str(reason))
        for export in exports
        if export.table in BY_ADDRESS
        for address, reason in reasons.items()
    ]
