"""Composition root of the ports: which vendor serves which port, decided by the settings.

A vendor whose settings are missing is absent; what needs it gets ``NotConfigured`` and says so in
the case. Building is cheap: no network, and the vendors' own libraries are imported on first use.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from shared.errors import NotConfigured
from shared.ports import (
    AccessPasses,
    AuthenticationMethods,
    BlockList,
    Campaigns,
    CaseStore,
    ConsentGrants,
    DependencyStates,
    Directory,
    Endpoint,
    EvidenceStore,
    Firewall,
    GeoLocator,
    Mailbox,
    Notifier,
    OpenCases,
    Reputation,
    Siem,
    SignInLog,
    Ticketing,
    TrustedNetworks,
)
from shared.settings import Settings, get_settings

if TYPE_CHECKING:
    from shared.providers.blob import BlobTurns

ENTRA = "entra"
NEEDED_SETTINGS = {
    "directory": "TOURNIQUET_GRAPH_URL",
    "sign_in_log": "TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID",
    "siem": "TOURNIQUET_ARM_URL",
    "geo": "TOURNIQUET_GEOIP_CITY_DB",
    "trusted_networks": "TOURNIQUET_GRAPH_URL",
    "evidence": "TOURNIQUET_BLOB_URL",
    "cases": "TOURNIQUET_BLOB_URL",
    "open_cases": "TOURNIQUET_BLOB_URL",
    "endpoint": "TOURNIQUET_DEFENDER_ENABLED",
}


@dataclass
class Providers:
    """The ports as they are served in this process; ``None`` or empty where nobody does.

    ``directory`` is Entra; ``directories`` are further ones by name.
    """

    directory: Directory | None = None
    directories: dict[str, Directory] = field(default_factory=dict)
    sign_in_log: SignInLog | None = None
    siem: Siem | None = None
    geo: GeoLocator | None = None
    trusted_networks: TrustedNetworks | None = None
    evidence: EvidenceStore | None = None
    cases: CaseStore | None = None
    open_cases: OpenCases | None = None
    campaigns: Campaigns | None = None
    dependency_states: DependencyStates | None = None
    mailbox: Mailbox | None = None
    authentication_methods: dict[str, AuthenticationMethods] = field(default_factory=dict)
    """By the directory's name, ``entra`` or ``okta``."""
    access_passes: AccessPasses | None = None
    """Of accounts in Entra."""
    grants: dict[str, ConsentGrants] = field(default_factory=dict)
    """By the directory's name."""
    endpoint: Endpoint | None = None
    reputation: list[Reputation] = field(default_factory=list)
    firewalls: list[Firewall] = field(default_factory=list)
    block_list: BlockList | None = None
    """The one of the firewalls that others fetch."""
    ticketing: list[Ticketing] = field(default_factory=list)
    notifiers: list[Notifier] = field(default_factory=list)

    @overload
    def require(self, port: Literal["directory"]) -> Directory: ...
    @overload
    def require(self, port: Literal["sign_in_log"]) -> SignInLog: ...
    @overload
    def require(self, port: Literal["siem"]) -> Siem: ...
    @overload
    def require(self, port: Literal["geo"]) -> GeoLocator: ...
    @overload
    def require(self, port: Literal["trusted_networks"]) -> TrustedNetworks: ...
    @overload
    def require(self, port: Literal["evidence"]) -> EvidenceStore: ...
    @overload
    def require(self, port: Literal["cases"]) -> CaseStore: ...
    @overload
    def require(self, port: Literal["open_cases"]) -> OpenCases: ...
    @overload
    def require(self, port: Literal["mailbox"]) -> Mailbox: ...
    @overload
    def require(self, port: Literal["endpoint"]) -> Endpoint: ...
    def require(self, port: str) -> Any:
        """Return the provider of a port.

        Raises:
            NotConfigured: nobody serves it; the message names the setting.
        """
        provider = getattr(self, port)
        if provider is None:
            raise NotConfigured(f"{NEEDED_SETTINGS[port]} is not set", vendor=port)
        return provider

    def all_directories(self) -> dict[str, Directory]:
        """Return every directory by name, Entra first."""
        return ({ENTRA: self.directory} if self.directory else {}) | self.directories

    def directory_of(self, name: str) -> Directory:
        """Return a directory by name.

        Raises:
            NotConfigured: it is not configured (any more).
        """
        served = self.all_directories()
        if name not in served:
            raise NotConfigured(f"no settings for the directory {name}", vendor=name)
        return served[name]

    def methods_of(self, directory: str) -> AuthenticationMethods:
        """Return who serves the authentication methods of a directory's accounts.

        Raises:
            NotConfigured: nobody does.
        """
        return _of(self.authentication_methods, directory, "authentication methods")

    def grants_of(self, directory: str) -> ConsentGrants:
        """Return who serves the consents of a directory's accounts.

        Raises:
            NotConfigured: nobody does.
        """
        return _of(self.grants, directory, "consents")


def _of[Port](served: dict[str, Port], directory: str, what: str) -> Port:
    if directory not in served:
        raise NotConfigured(f"no provider for the {what} of this directory", vendor=directory)
    return served[directory]


def build_providers(settings: Settings) -> Providers:
    """Return the providers that the settings name."""
    from shared.providers.entra import (
        Entra,
        EntraAccessPasses,
        EntraGrants,
        EntraLocations,
        EntraMethods,
        ExchangeMailbox,
        Graph,
    )

    graph = Graph(settings, _shared_turns(settings))
    providers = Providers(
        directory=Entra(settings, graph),
        trusted_networks=EntraLocations(settings, graph),
        mailbox=ExchangeMailbox(graph),
        authentication_methods={"entra": EntraMethods(graph)},
        access_passes=EntraAccessPasses(graph),
        grants={"entra": EntraGrants(graph)},
    )
    _add_siem(providers, settings)
    _add_okta(providers, settings)
    _add_stores(providers, settings)
    _add_sources(providers, settings)
    _add_defences(providers, settings)
    _add_people(providers, settings)
    return providers


def _shared_turns(settings: Settings) -> "BlobTurns | None":
    if not settings.blob_url:
        return None
    from shared.providers.blob import BlobTurns

    return BlobTurns(settings)


def _add_okta(providers: Providers, settings: Settings) -> None:
    if settings.okta_url:
        from shared.providers.okta import Okta, OktaApi, OktaGrants, OktaMethods

        api = OktaApi(settings)
        okta = Okta(api)
        providers.directories[okta.name] = okta
        providers.authentication_methods[okta.name] = OktaMethods(api)
        providers.grants[okta.name] = OktaGrants(api)


def _add_siem(providers: Providers, settings: Settings) -> None:
    from shared.playbook.sign_ins.shapes.tables import read_tables

    if settings.siem == "google_secops":
        from shared.providers.google_secops.siem import GoogleSecOps
        from shared.providers.google_secops.sign_in_log import GoogleSecOpsLogs

        providers.siem = GoogleSecOps(settings)
        providers.sign_in_log = GoogleSecOpsLogs(settings, read_tables)
        return
    from shared.providers.sentinel import Sentinel, SentinelLogs

    providers.siem = Sentinel(settings)
    if settings.log_analytics_workspace_id:
        providers.sign_in_log = SentinelLogs(settings, read_tables)


def _add_stores(providers: Providers, settings: Settings) -> None:
    if settings.blob_url:
        from shared.providers import blob

        providers.evidence = blob.BlobEvidenceStore(settings)
        providers.cases = blob.BlobCaseStore(settings)
        providers.open_cases = blob.BlobOpenCases(settings)
        providers.campaigns = blob.BlobCampaigns(settings)
        providers.dependency_states = blob.BlobDependencyStates(settings)


def _add_sources(providers: Providers, settings: Settings) -> None:
    if settings.virustotal_api_key:
        from shared.providers.virustotal import VirusTotal

        providers.reputation.append(VirusTotal(settings))
    if settings.abuseipdb_api_key:
        from shared.providers.abuseipdb import AbuseIPDB

        providers.reputation.append(AbuseIPDB(settings))
    if settings.greynoise_api_key:
        from shared.providers.greynoise import GreyNoise

        providers.reputation.append(GreyNoise(settings))
    if settings.geoip_city_db or settings.geoip_asn_db or settings.geoip_anonymous_db:
        from shared.providers.geoip import GeoIP

        providers.geo = GeoIP(settings)


def _add_defences(providers: Providers, settings: Settings) -> None:
    if settings.firewall_ip_group_id:
        from shared.providers.azure_firewall import AzureFirewall

        providers.firewalls.append(AzureFirewall(settings))
    if settings.named_location_id:
        from shared.providers.conditional_access import NamedLocation

        providers.firewalls.append(NamedLocation(settings))
    if settings.panos_url and settings.panos_api_key:
        from shared.providers.panos import PanOs

        providers.firewalls.append(PanOs(settings))
    if settings.block_list_enabled:
        from shared.providers.block_list import HostedBlockList

        providers.block_list = HostedBlockList(settings)
        providers.firewalls.append(providers.block_list)
    if settings.defender_enabled:
        from shared.providers.defender import Defender

        providers.endpoint = Defender(settings)


def _add_people(providers: Providers, settings: Settings) -> None:
    from shared.providers.people import notifiers, ticket_systems

    providers.ticketing += ticket_systems(settings)
    providers.notifiers += notifiers(settings)


class _Holder:
    """This process's providers, built on first use."""

    providers: Providers | None = None


_holder = _Holder()


def get_providers() -> Providers:
    """Return this process's providers."""
    if _holder.providers is None:
        _holder.providers = build_providers(get_settings())
    return _holder.providers


def set_providers(providers: Providers | None) -> None:
    """Replace this process's providers; ``None`` builds them anew on next use. For tests."""
    _holder.providers = providers
