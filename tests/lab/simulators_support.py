"""A client of the simulators that holds every answer to the vendor's specification."""

import base64
import functools
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from lab.simulators.specification import Specification
from tests.contract.processes import Lab

GRAPH = "https://graph.microsoft.com"
ARM = "https://management.azure.com"
ALICE = "0c7f3c1e-5a3b-4e0e-9d9a-111111111111"
INCIDENT = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
ATTACKER = "203.0.113.7"

TENANT: dict[str, Any] = {
    "now": "2026-11-20T12:09:00Z",
    "directory": {
        "users": [
            {
                "id": ALICE,
                "userPrincipalName": "alice@contoso.example",
                "displayName": "Alice Archer",
                "department": "Finance",
                "createdDateTime": "2020-01-01T00:00:00Z",
                "transitiveMemberOf": [{"displayName": "Finance"}],
                "authenticationMethods": [
                    {
                        "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
                        "id": "3179e48a-750b-4051-897c-87b9720928f7",
                        "phoneNumber": "+1 5550100",
                        "phoneType": "mobile",
                    }
                ],
                "registrationDetails": {"isMfaRegistered": True, "isAdmin": False},
                "oauth2PermissionGrants": [
                    {"id": "grant-1", "clientId": "app", "resourceId": "r", "scope": "Mail.Read"}
                ],
                "messageRules": [{"id": "rule-1", "displayName": "..", "isEnabled": True}],
                "manager": {"displayName": "Mary"},
                "registeredDevices": [{"displayName": "LAPTOP-1", "operatingSystem": "Windows"}],
            },
            {
                "userPrincipalName": "root@contoso.example",
                "transitiveMemberOf": [
                    {"@odata.type": "#microsoft.graph.directoryRole",
                     "displayName": "Global Administrator",
                     "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10"}
                ],
            },
            {"userPrincipalName": "guest@partner.example", "userType": "Guest"},
            {"userPrincipalName": "synced@contoso.example", "onPremisesSyncEnabled": True},
        ],
        "namedLocations": [
            {
                "displayName": "Office",
                "isTrusted": True,
                "ipRanges": [
                    {"@odata.type": "#microsoft.graph.iPv4CidrRange",
                     "cidrAddress": "198.51.100.0/24"}
                ],
            }
        ],
    },
    "tables": {
        "SigninLogs": [
            {
                "TimeGenerated": f"2026-11-20T12:0{minute}:00Z",
                "UserPrincipalName": "alice@contoso.example",
                "UserId": ALICE,
                "IPAddress": ATTACKER,
                "ResultType": code,
                "LocationDetails": {"city": "Lagos", "countryOrRegion": "NG"},
                "Status": {"errorCode": int(code)},
            }
            for minute, code in enumerate(("50126", "50126", "50126", "0"))
        ],
        "AuditLogs": [{"TimeGenerated": "2026-11-20T12:05:00Z", "OperationName": "Update user"}],
    },
    "addresses": {
        ATTACKER: {
            "virustotal": {"last_analysis_stats": {"malicious": 9}, "country": "NG"},
            "abuseipdb": {"abuseConfidenceScore": 97, "totalReports": 40},
            "geo": {"country": "NG", "city": "Lagos", "lat": 6.45, "lon": 3.39, "asn": "AS64500",
                    "org": "Example Net", "is_vpn": True},
        }
    },
}  # fmt: skip

TRIGGER: dict[str, Any] = {
    "objectSchemaType": "Incident",
    "objectEventType": "Create",
    "workspaceId": "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42",
    "object": {
        "id": (
            "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-soc/providers"
            "/Microsoft.OperationalInsights/workspaces/law-soc/providers"
            f"/Microsoft.SecurityInsights/Incidents/{INCIDENT}"
        ),
        "name": INCIDENT,
        "etag": '"first"',
        "type": "Microsoft.SecurityInsights/Incidents",
        "properties": {
            "title": "Brute force",
            "severity": "High",
            "status": "New",
            "incidentNumber": 7,
            "description": "many failures",
            "relatedEntities": [
                {
                    "id": "/entities/1",
                    "name": "1",
                    "type": "Microsoft.SecurityInsights/Entities",
                    "kind": "Account",
                    "properties": {"accountName": "alice", "upnSuffix": "contoso.example"},
                }
            ],
            "alerts": [],
        },
    },
}


class World:
    """The running simulators and an HTTP client that trusts them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.env = lab.environment
        context = ssl.create_default_context(cafile=lab.state_dir / "ca.pem")
        self.http = httpx.Client(verify=context, timeout=60)
        self._tokens: dict[str, str] = {}

    def token(self, resource: str) -> str:
        """An access token as azure-identity asks for one; kept for the whole run."""
        if resource not in self._tokens:
            answer = self.ask_token(scope=f"{resource}/.default")
            assert answer.status_code == 200, answer.text
            self._tokens[resource] = answer.json()["access_token"]
        return self._tokens[resource]

    def ask_token(self, **changes: str) -> httpx.Response:
        """Ask the token endpoint with the app's own credentials unless ``changes`` says so."""
        tenant = changes.pop("tenant", self.env["AZURE_TENANT_ID"])
        form = {
            "client_id": self.env["AZURE_CLIENT_ID"],
            "client_secret": self.env["AZURE_CLIENT_SECRET"],
            "grant_type": "client_credentials",
            "scope": f"{GRAPH}/.default",
            **changes,
        }
        url = f"{self.env['AZURE_AUTHORITY_HOST']}/{tenant}/oauth2/v2.0/token"
        return self.http.post(url, data=form)

    def graph(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Call Graph."""
        headers = {"Authorization": f"Bearer {self.token(GRAPH)}", **more.pop("headers", {})}
        url = self.env["TOURNIQUET_GRAPH_URL"] + path
        answer = self.http.request(method, url, json=body, headers=headers, **more)
        check_answer("microsoft-graph.json", answer, "/graph/v1.0")
        return answer

    def arm(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Call Azure Resource Manager; ``path`` may be a whole URL."""
        sentinel = "SecurityInsights" in path
        version = "2025-09-01" if sentinel else "2026-03-01"
        url = path if path.startswith("https:") else self.env["TOURNIQUET_ARM_URL"] + path
        headers = {"Authorization": f"Bearer {self.token(ARM)}", **more.pop("headers", {})}
        params = {"api-version": version} if "api-version" not in url else None
        answer = self.http.request(
            method, url, json=body, headers=headers, params=more.pop("params", params), **more
        )
        check_answer("sentinel.json" if sentinel else "azure-network.json", answer, "/arm")
        return answer

    def query(self, kql: str, timespan: str | None = None, **changes: Any) -> httpx.Response:
        """Ask Log Analytics."""
        workspace = changes.get("workspace", self.env["TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID"])
        answer = self.http.post(
            f"{self.env['TOURNIQUET_LOG_ANALYTICS_URL']}/workspaces/{workspace}/query",
            json={"query": kql, "timespan": timespan, "workspaces": None},
            headers={"Authorization": f"Bearer {self.token('https://api.loganalytics.io')}"},
        )
        check_answer("azure-monitor-logs-query.json", answer, "/loganalytics/v1")
        return answer

    def virustotal(self, address: str) -> httpx.Response:
        """Ask VirusTotal about an address."""
        answer = self.http.get(
            f"{self.env['TOURNIQUET_VIRUSTOTAL_URL']}/ip_addresses/{address}",
            headers={"x-apikey": self.env["TOURNIQUET_VIRUSTOTAL_API_KEY"]},
        )
        check_answer("virustotal.json", answer, "/virustotal/api/v3")
        return answer

    def abuseipdb(self, **query: str) -> httpx.Response:
        """Ask AbuseIPDB about an address."""
        answer = self.http.get(
            f"{self.env['TOURNIQUET_ABUSEIPDB_URL']}/check",
            params=query,
            headers={"Key": self.env["TOURNIQUET_ABUSEIPDB_API_KEY"]},
        )
        check_answer("abuseipdb.json", answer, "/abuseipdb/api/v2")
        return answer

    def servicenow(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """Call the incident table."""
        user, password = (self.env[f"TOURNIQUET_SERVICENOW_{n}"] for n in ("USERNAME", "PASSWORD"))
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = self.http.request(
            method,
            f"{self.env['TOURNIQUET_SERVICENOW_URL']}/api/now/table/incident{path}",
            json=body,
            headers={"Authorization": f"Basic {credentials}"},
        )
        check_answer("servicenow.json", answer, "/servicenow")
        return answer

    def slack(self, method: str, body: Any) -> httpx.Response:
        """Call a method of Slack's Web API."""
        token = self.env["TOURNIQUET_SLACK_BOT_TOKEN"]
        return self.http.post(
            f"{self.env['TOURNIQUET_SLACK_URL']}/{method}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )

    def lab_api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Call the lab API, whatever it answers."""
        urls = self.lab.call("GET", "health")["urls"]
        return self.http.request(method, f"{urls['lab']}/_lab/{path}", json=body)

    def effects(self, vendor: str) -> list[tuple[str, str]]:
        """Operation and target of a vendor's ledger lines that changed something."""
        return [(i["operation"], i["target"]) for i in self.lab.ledger(vendor) if i["effect"]]


@functools.cache
def _specification(name: str) -> Specification:
    return Specification(name, ignore_case=True)


def check_answer(name: str, answer: httpx.Response, prefix: str) -> None:
    """Hold an answer to the schema that the specification has for its status."""
    specification = _specification(name)
    path = urlsplit(str(answer.url)).path.removeprefix(prefix)
    found = specification.match(answer.request.method, path)
    if found is None or not answer.content:
        return
    operation = found[0]
    place = ["paths", operation.template, operation.method.lower(), "responses"]
    responses = specification.document["paths"][operation.template][place[2]]["responses"]
    status = str(answer.status_code)
    code = next((c for c in (status, f"{status[0]}XX", "default") if c in responses), None)
    if code is None:
        assert answer.status_code >= 500, f"{status} is not an answer of {operation.id}"
        return
    if "$ref" in responses[code]:
        place = ["components", "responses", responses[code]["$ref"].rpartition("/")[2]]
    else:
        place.append(code)
    validator = specification.validator(*place, "content", "application/json", "schema")
    problems = [e.message for e in validator.iter_errors(answer.json())]
    assert not problems, f"{operation.id} {status}: {problems} {answer.text[:300]}"


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    """Poll until ``condition()`` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def state_file(lab: Lab, *parts: str) -> Path:
    """A file of the simulators' state directory."""
    return lab.state_dir.joinpath(*parts)
