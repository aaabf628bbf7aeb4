"""Which vendors are there is decided by the settings; building them touches nothing outside."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.bootstrap import Providers, build_providers, get_providers, set_providers
from shared.errors import NotConfigured
from shared.providers.blob import BlobTurns
from shared.providers.entra import Entra
from shared.settings import Settings
from tests.unit.source_files import ROOT

EVERYTHING = {
    "log_analytics_workspace_id": "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42",
    "firewall_ip_group_id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network"
    "/ipGroups/g",
    "virustotal_api_key": "k",
    "abuseipdb_api_key": "k",
    "geoip_city_db": "city.mmdb",
    "blob_url": "https://account.blob.core.windows.net",
    "servicenow_url": "https://example.service-now.com",
    "servicenow_username": "u",
    "servicenow_password": "p",
    "slack_bot_token": "t",
    "slack_channel": "C1",
    "smtp_host": "smtp.example",
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    set_providers(None)
    yield
    set_providers(None)


def test_everything_configured_is_there() -> None:
    providers = build_providers(Settings.model_validate(EVERYTHING))

    assert providers.directory is not None
    for port in ("sign_in_log", "siem", "geo", "evidence", "cases"):
        assert getattr(providers, port) is not None, port
    assert [source.name for source in providers.reputation] == ["virustotal", "abuseipdb"]
    assert [firewall.name for firewall in providers.firewalls] == ["azure_firewall"]
    assert [ticketing.name for ticketing in providers.ticketing] == ["servicenow"]
    assert [notifier.channel for notifier in providers.notifiers] == ["slack", "email"]


def test_one_setting_puts_google_secops_in_sentinels_place() -> None:
    usual = build_providers(Settings.model_validate(EVERYTHING))
    other = build_providers(
        Settings.model_validate(
            EVERYTHING | {"siem": "google_secops", "google_secops_case_assignee": "@Tier1"}
        )
    )
    languages = [one.siem.language if one.siem else "" for one in (usual, other)]
    assert languages == ["kql", "udm"]
    assert type(other.sign_in_log).__name__ == "GoogleSecOpsLogs"
    assert [one.name for one in other.ticketing] == ["servicenow", "google_secops_soar"]


def test_what_is_not_configured_is_absent_and_says_what_to_set() -> None:
    providers = build_providers(Settings())

    assert providers.reputation == []
    assert providers.firewalls == []
    assert providers.ticketing == []
    assert providers.notifiers == []
    assert providers.require("directory") is providers.directory
    with pytest.raises(NotConfigured, match="TOURNIQUET_BLOB_URL is not set"):
        providers.require("cases")
    with pytest.raises(NotConfigured, match="TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID"):
        providers.require("sign_in_log")


def test_okta_is_a_second_directory_with_the_ports_that_belong_to_it() -> None:
    settings = Settings.model_validate({"okta_url": "https://contoso.okta.example"})
    providers = build_providers(settings)

    assert list(providers.all_directories()) == ["entra", "okta"]
    assert providers.directory_of("okta").name == "okta"
    assert providers.methods_of("okta") is not providers.methods_of("entra")
    assert providers.grants_of("okta") is not providers.grants_of("entra")
    alone = build_providers(Settings())
    assert list(alone.all_directories()) == ["entra"]
    with pytest.raises(NotConfigured, match="okta"):
        alone.directory_of("okta")


def test_a_wrong_address_does_not_keep_the_others_away() -> None:
    addresses = ("arm_url", "graph_url", "blob_url", "servicenow_url", "slack_url")
    wrong = dict.fromkeys(addresses, "http://clear.example")

    providers = build_providers(Settings.model_validate(EVERYTHING | wrong))

    assert providers.require("sign_in_log") is not None


def test_a_test_may_put_its_own_in() -> None:
    own = Providers()
    set_providers(own)

    assert get_providers() is own


def test_building_imports_no_vendor_library() -> None:
    program = (
        "import sys\n"
        "from shared.bootstrap import build_providers\n"
        "from shared.settings import Settings\n"
        f"build_providers(Settings.model_validate({EVERYTHING!r}))\n"
        "print(sorted({'azure', 'msgraph', 'httpx', 'msal', 'duckdb'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("values", "way"),
    [
        ({"smtp_host": "smtp.example"}, "SmtpMail"),
        ({"smtp_host": "smtp.example", "mail_via": "graph"}, "GraphMail"),
        ({"mail_via": "communication_services"}, "CommunicationServicesMail"),
        ({"mail_via": "smtp"}, "SmtpMail"),
    ],
)
def test_mail_has_one_way(values: dict[str, str], way: str) -> None:
    providers = build_providers(Settings.model_validate(values))
    assert [type(one).__name__ for one in providers.notifiers] == [way]


@pytest.mark.parametrize(("url", "shares"), [(EVERYTHING["blob_url"], True), (None, False)])
def test_instances_share_graphs_tight_limits_where_there_is_storage(
    url: str | None, shares: bool
) -> None:
    directory = build_providers(Settings.model_validate(EVERYTHING | {"blob_url": url})).directory
    assert isinstance(directory, Entra)
    assert isinstance(directory._graph._lanes._shared, BlobTurns) is shares
