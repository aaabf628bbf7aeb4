"""How every HTTP vendor's failures come out: by type, within the deadline, without secrets."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from shared.errors import (
    NotConfigured,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.firewall import WantedBlock
from shared.models.message import Notification, Ticket
from shared.providers.abuseipdb import AbuseIPDB
from shared.providers.azure_firewall import AzureFirewall
from shared.providers.greynoise import GreyNoise
from shared.providers.servicenow import ServiceNow
from shared.providers.slack import Slack
from shared.providers.virustotal import VirusTotal
from shared.settings import Settings
from tests.contract.processes import PATIENCE_SECONDS, Lab

ADDRESS = "203.0.113.7"
BLOCK = WantedBlock(address=ADDRESS, until=datetime(2026, 11, 21, 12, tzinfo=UTC))
TICKET = Ticket(correlation_id="case-1", title="t", description="d", severity="High")
MESSAGE = Notification(case_id="case-1", title="t", summary="s")

type Vendor = Callable[[Settings], Awaitable[object]]
VENDORS: dict[str, Vendor] = {
    "virustotal": lambda s: VirusTotal(s).lookup(ADDRESS),
    "abuseipdb": lambda s: AbuseIPDB(s).lookup(ADDRESS),
    "greynoise": lambda s: GreyNoise(s).lookup(ADDRESS),
    "azure_firewall": lambda s: AzureFirewall(s).change([BLOCK], []),
    "servicenow": lambda s: ServiceNow(s).upsert(TICKET),
    "slack": lambda s: Slack(s).notify(MESSAGE),
}
WRONG_SECRETS = {
    "virustotal": {"virustotal_api_key": "wrong-secret-value"},
    "abuseipdb": {"abuseipdb_api_key": "wrong-secret-value"},
    "greynoise": {"greynoise_api_key": "wrong-secret-value"},
    "servicenow": {"servicenow_password": "wrong-secret-value"},
    "slack": {"slack_bot_token": "wrong-secret-value"},
}
MISSING = {
    "virustotal": {"virustotal_api_key": None},
    "abuseipdb": {"abuseipdb_api_key": None},
    "greynoise": {"greynoise_api_key": None},
    "azure_firewall": {"firewall_ip_group_id": None},
    "servicenow": {"servicenow_password": None},
    "slack": {"slack_bot_token": None},
}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("status", {"value": 429, "retry_after": 60}, Throttled),
        ("status", {"value": 500}, RetryableError),
        ("status", {"value": 400}, PermanentError),
        ("status", {"value": 403}, PermissionDenied),
        ("reset", {}, RetryableError),
        ("malformed", {}, RetryableError),
        ("timeout", {}, RetryableError),
    ],
)
async def test_failures_have_their_type(
    lab: Lab,
    make_settings: Callable[..., Settings],
    vendor: str,
    kind: str,
    more: dict[str, float],
    expected: type[TourniquetError],
) -> None:
    lab.fault(vendor, kind, **more)
    timeout = 2.0 if kind == "timeout" else PATIENCE_SECONDS
    settings = make_settings(call_timeout_seconds=timeout, call_attempts=1)
    with pytest.raises(expected) as raised:
        await VENDORS[vendor](settings)
    assert raised.value.vendor == vendor
    assert raised.value.operation
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 60


@pytest.mark.parametrize("vendor", WRONG_SECRETS)
async def test_wrong_credentials_are_refused_once_and_never_shown(
    lab: Lab, make_settings: Callable[..., Settings], vendor: str
) -> None:
    with pytest.raises(PermissionDenied) as raised:
        await VENDORS[vendor](make_settings(**WRONG_SECRETS[vendor]))
    assert "wrong-secret-value" not in raised.value.describe()
    assert len(lab.ledger(vendor)) == 1


@pytest.mark.parametrize("vendor", MISSING)
async def test_a_vendor_without_settings_is_not_configured_and_not_called(
    lab: Lab, make_settings: Callable[..., Settings], vendor: str
) -> None:
    with pytest.raises(NotConfigured):
        await VENDORS[vendor](make_settings(**MISSING[vendor]))
    assert lab.ledger(vendor) == []
