"""All simulators in one process: made, started and stopped together."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.simulators.azure_firewall import AzureFirewall
from lab.simulators.certificates import load_certificates, write_certificates
from lab.simulators.communication_services import CommunicationServices
from lab.simulators.config import SimulatorSettings, app_environment
from lab.simulators.defender import Defender
from lab.simulators.entra_token import EntraToken, TokenAuthority
from lab.simulators.faults import Faults
from lab.simulators.gateway import Gateway, Route
from lab.simulators.geoip import write_databases
from lab.simulators.google_secops import GoogleSecOps
from lab.simulators.google_secops_soar import GoogleSecOpsSoar, is_about_cases
from lab.simulators.google_token import GoogleToken, GoogleTokens
from lab.simulators.graph.directory import Directory
from lab.simulators.graph.service import Graph
from lab.simulators.jira import Jira
from lab.simulators.kql.store import KqlStore
from lab.simulators.lab_api import LabApi
from lab.simulators.ledger import Ledger
from lab.simulators.log_analytics import LogAnalytics
from lab.simulators.mail import VENDOR as MAIL_VENDOR
from lab.simulators.mail import MailServer
from lab.simulators.okta import Okta
from lab.simulators.pagerduty import PagerDuty
from lab.simulators.panos import PanOs
from lab.simulators.private_file import write_private
from lab.simulators.reputation import AbuseIpDb, Addresses, GreyNoise, VirusTotal
from lab.simulators.sentinel import Sentinel
from lab.simulators.servicenow import ServiceNow
from lab.simulators.slack import Slack
from lab.simulators.teams import Teams
from lab.simulators.tenant import Tenant, TenantReader
from lab.simulators.vendor import Vendor

HOST = "127.0.0.1"


class Simulators:
    """The world outside the app.

    ``delay`` is how long an IP group's update takes, in seconds. With ``keep_certificates`` those
    in ``state_dir`` are used. ``needs`` are further parts, by name, that must listen before the
    lab is healthy.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        sim_port: int,
        tls_port: int,
        smtp_port: int,
        state_dir: Path,
        delay: float = 0.3,
        keep_certificates: bool = False,
        needs: dict[str, int] | None = None,
    ) -> None:
        self._ports = {"lab": sim_port, "tls": tls_port, "smtp": smtp_port}
        self._state_dir = state_dir
        self._needs = needs or {}
        get_context = load_certificates if keep_certificates else write_certificates
        self._tls = get_context(state_dir)
        self.environment = app_environment(
            settings, tls_port=tls_port, smtp_port=smtp_port, state_dir=state_dir.resolve()
        )
        self.ledger = Ledger()
        self.faults = Faults()
        self._now: datetime | None = None
        self._addresses: Addresses = {}
        self._store = KqlStore()
        self._authority = TokenAuthority(settings, f"https://localhost:{tls_port}")
        self._make_vendors(settings, delay)
        self._mail = MailServer(settings, self.ledger, self.faults, self._tls)
        self._gateway = Gateway(self._routes(), self.ledger, self.faults)
        self._runners: list[web.AppRunner] = []

    def _make_vendors(self, settings: SimulatorSettings, delay: float) -> None:
        authority = self._authority
        self._okta = Okta(settings)
        self._graph = Graph(authority, Directory(), self._store.rows)
        self._log_analytics = LogAnalytics(authority, self._store)
        self._sentinel = Sentinel(authority)
        self._firewall = AzureFirewall(authority, delay)
        self._defender = Defender(authority, delay)
        self._panos = PanOs(settings)
        self._virustotal = VirusTotal(settings, self._addresses)
        self._abuseipdb = AbuseIpDb(settings, self._addresses)
        self._greynoise = GreyNoise(settings, self._addresses)
        self._servicenow = ServiceNow(settings)
        self._jira = Jira(settings)
        google = GoogleTokens(settings)
        self._google_token = GoogleToken(google)
        self._soar = GoogleSecOpsSoar(settings, google)
        self._secops = GoogleSecOps(settings, google, self._store.rows)
        self._slack = Slack(settings)
        self._teams = Teams(settings)
        self._pagerduty = PagerDuty(settings)
        self._communication = CommunicationServices(authority, settings)
        self._token = EntraToken(authority)
        self._with_state: tuple[Vendor, ...] = (
            self._graph,
            self._sentinel,
            self._firewall,
            self._panos,
            self._defender,
            self._okta,
            self._servicenow,
            self._jira,
            self._google_token,
            self._soar,
            self._slack,
            self._teams,
            self._pagerduty,
            self._communication,
        )

    def _routes(self) -> list[Route]:
        return [
            Route("/graph/v1.0", self._graph),
            Route("/loganalytics/v1", self._log_analytics),
            Route("/v1", self._log_analytics, lambda path: path.startswith("/v1/workspaces/")),
            Route("/arm", self._sentinel, _is_sentinel),
            Route("/arm", self._firewall),
            Route("/defender", self._defender),
            Route("/panos", self._panos),
            Route("/virustotal/api/v3", self._virustotal),
            Route("/abuseipdb/api/v2", self._abuseipdb),
            Route("/greynoise", self._greynoise),
            Route("/okta", self._okta),
            Route("/servicenow", self._servicenow),
            Route("/jira", self._jira),
            Route("/google-secops", self._soar, is_about_cases),
            Route("/google-secops", self._secops),
            Route("/google", self._google_token, lambda path: path.startswith("/google/")),
            Route("/slack/api", self._slack),
            Route("/teams", self._teams),
            Route("/pagerduty/v2", self._pagerduty),
            Route("/communication", self._communication),
            Route("", self._token),
        ]

    async def start(self) -> None:
        """Write the GeoIP files and the app's environment, then listen; the lab API comes last."""
        write_databases(self._state_dir / "geoip", {})
        text = json.dumps(self.environment, indent=2)
        write_private(self._state_dir / "simulators.json", text)
        vendors = web.Application(client_max_size=32 * 1024 * 1024)
        vendors.router.add_route("*", "/{path:.*}", self._gateway.serve)
        await self._listen(vendors, self._ports["tls"], secure=True)
        await self._mail.start(self._ports["smtp"])
        graph, virustotal = self._graph.specification, self._virustotal.specification
        abuseipdb, defender = self._abuseipdb.specification, self._defender.specification
        okta, tables = self._okta.specification, self._store.schemas
        reader = TenantReader(graph, virustotal, abuseipdb, defender, okta, tables)
        urls = {
            "lab": f"http://{HOST}:{self._ports['lab']}",
            "smtp": f"{HOST}:{self._ports['smtp']}",
        }
        urls["vendors"] = f"https://localhost:{self._ports['tls']}"
        names = {route.vendor.name for route in self._routes()} | {MAIL_VENDOR}
        api = LabApi(self, reader, self.ledger, self.faults, urls, names)
        await self._listen(api.application(), self._ports["lab"], secure=False)

    async def _listen(self, app: web.Application, port: int, *, secure: bool) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        context = self._tls if secure else None
        await web.TCPSite(runner, HOST, port, ssl_context=context).start()

    async def stop(self) -> None:
        """Stop listening; requests kept waiting by a fault are let go."""
        self.faults.release()
        await self._mail.stop()
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._log_analytics.close()

    def load_tenant(self, tenant: Tenant) -> None:
        """Replace directory, tables, addresses and clock; tickets, messages and blocks stay."""
        file = tenant.file
        self._graph.directory.load(
            tenant.accounts, file.namedLocations, file.conditionalAccessPolicies,
            file.riskDetections, file.appRoles, lag_seconds=file.replicaLagSeconds,
            entra_id_p2=file.entraIdP2, temporary_access_pass=file.temporaryAccessPass,
            clock_skew=file.clockSkewSeconds,
            groups_are_readable="GroupMember.Read.All" not in file.appPermissionsWithheld,
            domains={item["id"]: item.get("authenticationType") or "" for item in file.domains},
        )  # fmt: skip
        self._graph.limits.on = file.tightLimits
        self._store.load(tenant.tables)
        self._addresses.clear()
        self._addresses.update(tenant.addresses)
        write_databases(self._state_dir / "geoip", self._addresses)
        self._okta.load(tenant.okta)
        self._now = tenant.now
        self._defender.load(tenant.devices)
        self._authority.permissions_withheld = set(file.appPermissionsWithheld)

    def load_incidents(self, triggers: list[dict[str, Any]]) -> None:
        """Make Sentinel incidents exist."""
        self._sentinel.load(triggers)

    def reset(self) -> None:
        """Back to an empty tenant, an empty ledger and well-behaved vendors."""
        self.faults.replace([])
        self.faults.release()
        for vendor in self._with_state:
            vendor.reset()
        self._mail.reset()
        self._store.load({})
        self._addresses.clear()
        write_databases(self._state_dir / "geoip", {})
        self._now = None
        self._authority.permissions_withheld = set()
        self.ledger.reset()

    def snapshot(self) -> dict[str, Any]:
        """What the tenant and the vendors hold now; tables as row counts."""
        state: dict[str, Any] = {
            "now": self._now.isoformat().replace("+00:00", "Z") if self._now else None,
            "tables": self._store.counts(),
            "addresses": self._addresses,
            "mails": self._mail.mails,
        }
        for vendor in self._with_state:
            state |= vendor.snapshot()
        return state

    async def health(self) -> dict[str, bool]:
        """Which parts serve."""
        needed = await asyncio.gather(*map(_listens, self._needs.values()))
        return dict(zip(self._needs, needed, strict=True)) | {
            "vendors": bool(self._runners and self._runners[0].addresses),
            "smtp": self._mail.serving,
            "kql": self._store.ready(),
            "geoip": (self._state_dir / "geoip" / "anonymous.mmdb").exists(),
        }


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _is_sentinel(path: str) -> bool:
    return "/providers/microsoft.securityinsights/" in path.lower()
