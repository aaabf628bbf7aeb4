"""VirusTotal v3, AbuseIPDB v2 and GreyNoise, answering from the tenant's addresses.

Operations: ``virustotal``: ``ip_addresses.get``; ``abuseipdb``: ``check``; ``greynoise``:
``community.get``. The target is the address. An address the tenant does not list gets what the
services say about one nobody has reported; ``"virustotal": null`` in the tenant makes VirusTotal
answer 404.
"""

import ipaddress
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, same

_DOCUMENTATION = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)

type Addresses = dict[str, dict[str, Any]]
"""The tenant's ``addresses``; keys are canonical address texts."""


def canonical(text: str) -> str | None:
    """Return the canonical form of an address, ``None`` if it is not one."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # The documentation networks stand for public addresses in recorded and made-up tenants.
    return address.is_global or any(address in network for network in _DOCUMENTATION)


def virustotal_attributes(address: str, known: dict[str, Any]) -> dict[str, Any]:
    """VirusTotal's attributes: what the tenant says over what a clean address has."""
    stats = {"harmless": 0, "malicious": 0, "suspicious": 0, "timeout": 0, "undetected": 94}
    network = ipaddress.ip_network(f"{address}/{24 if '.' in address else 48}", strict=False)
    clean = {
        "network": str(network),
        "reputation": 0,
        "tags": [],
        "total_votes": {"harmless": 0, "malicious": 0},
        "last_analysis_results": {},
    }
    return {
        **clean,
        **known,
        "last_analysis_stats": {**stats, **known.get("last_analysis_stats", {})},
    }


def abuseipdb_data(address: str, known: dict[str, Any]) -> dict[str, Any]:
    """AbuseIPDB's data: what the tenant says over what an address without reports has."""
    parsed = ipaddress.ip_address(address)
    clean = {
        "ipAddress": address,
        "isPublic": _is_public(parsed),
        "ipVersion": parsed.version,
        "isWhitelisted": None,
        "abuseConfidenceScore": 0,
        "countryCode": None,
        "usageType": None,
        "isp": None,
        "domain": None,
        "hostnames": [],
        "isTor": False,
        "totalReports": 0,
        "numDistinctUsers": 0,
        "lastReportedAt": None,
    }
    return {**clean, **known}


class VirusTotal(Vendor):
    """IP address reports."""

    name: ClassVar[str] = "virustotal"

    def __init__(self, settings: SimulatorSettings, addresses: Addresses) -> None:
        self._key = settings.tourniquet_virustotal_api_key
        self._addresses = addresses
        self.specification = Specification("virustotal.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {"getIpAddress": Operation("ip_addresses.get", self._report, "ip")}

    def authenticate(self, call: Call) -> Answer | None:
        """``x-apikey`` header."""
        given = call.headers.get("x-apikey")
        if given is None:
            return self._error(401, "AuthenticationRequiredError", "X-Apikey header is missing")
        if not same(given, self._key):
            return self._error(401, "WrongCredentialsError", "Wrong API key")
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """VirusTotal's error body."""
        if status == 404:
            return self._error(404, "NotFoundError", "Resource not found.")
        return self._error(
            400, "InvalidArgumentError" if status == 400 else "BadRequestError", message
        )

    def fail(self, status: int, message: str) -> Answer:
        """VirusTotal's error body; 429 is a quota that is used up."""
        codes = {429: "QuotaExceededError", 503: "TransientError", 504: "DeadlineExceededError"}
        return self._error(status, codes.get(status, "TransientError"), message)

    def _error(self, status: int, code: str, message: str) -> Answer:
        return Answer(status, {"error": {"code": code, "message": message}})

    async def _report(self, call: Call) -> Answer:
        address = canonical(call.params["ip"])
        if address is None:
            message = f'"{call.params["ip"]}" is not a valid IP address pattern'
            return self._error(400, "InvalidArgumentError", message)
        known = self._addresses.get(address, {}).get("virustotal", {})
        if known is None:
            return self._error(404, "NotFoundError", f'IP address "{address}" not found')
        data = {
            "id": address,
            "type": "ip_address",
            "links": {"self": f"https://www.virustotal.com/api/v3/ip_addresses/{address}"},
            "attributes": virustotal_attributes(address, known),
        }
        return Answer(200, {"data": data})


class AbuseIpDb(Vendor):
    """The CHECK endpoint."""

    name: ClassVar[str] = "abuseipdb"

    def __init__(self, settings: SimulatorSettings, addresses: Addresses) -> None:
        self._key = settings.tourniquet_abuseipdb_api_key
        self._addresses = addresses
        self.specification = Specification("abuseipdb.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {"check": Operation("check", self._check, "ipAddress")}

    def authenticate(self, call: Call) -> Answer | None:
        """``Key`` header."""
        if same(call.headers.get("Key"), self._key):
            return None
        message = (
            "Authentication failed. Your API key is either missing, incorrect, or revoked. Note: "
            "The APIv2 key differs from the APIv1 key."
        )
        return Answer(401, {"errors": [{"detail": message, "status": 401}]})

    def refuse(self, status: int, message: str) -> Answer:
        """AbuseIPDB's error body; a wrong parameter is 422."""
        status = 422 if status == 400 else status
        return Answer(status, {"errors": [{"detail": message, "status": status}]})

    def fail(self, status: int, message: str) -> Answer:
        """AbuseIPDB's error body."""
        return Answer(status, {"errors": [{"detail": message, "status": status}]})

    async def _check(self, call: Call) -> Answer:
        address = canonical(call.query["ipAddress"])
        if address is None:
            detail = (
                "The ip address must be a valid IPv4 or IPv6 address (e.g. 8.8.8.8 or "
                "2001:4860:4860::8888)."
            )
            source = {"parameter": "ipAddress"}
            return Answer(422, {"errors": [{"detail": detail, "status": 422, "source": source}]})
        known = self._addresses.get(address, {}).get("abuseipdb") or {}
        data = abuseipdb_data(address, known)
        if "verbose" in call.query:
            data.setdefault("reports", [])
        else:
            data.pop("reports", None)
        limits = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999"}
        return Answer(200, {"data": data}, limits)


class GreyNoise(Vendor):
    """The community endpoint."""

    name: ClassVar[str] = "greynoise"

    def __init__(self, settings: SimulatorSettings, addresses: Addresses) -> None:
        self._key = settings.tourniquet_greynoise_api_key
        self._addresses = addresses
        self.specification = Specification("greynoise.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {"getCommunityIP": Operation("community.get", self._community, "ip")}

    def authenticate(self, call: Call) -> Answer | None:
        """``key`` header."""
        return None if same(call.headers.get("key"), self._key) else self.fail(401, "invalid key")

    def refuse(self, status: int, message: str) -> Answer:
        """GreyNoise's error body."""
        return self.fail(status, message)

    def fail(self, status: int, message: str) -> Answer:
        """GreyNoise's error body."""
        return Answer(status, {"message": message})

    async def _community(self, call: Call) -> Answer:
        address = canonical(call.params["ip"])
        if address is None or not _is_public(ipaddress.ip_address(address)):
            return self.fail(400, "Request is not a valid routable IPv4 address")
        known = self._addresses.get(address, {}).get("greynoise")
        seen = {"ip": address, "noise": False, "riot": False}
        if not known:
            message = "IP not observed scanning the internet or contained in RIOT data set."
            return Answer(404, seen | {"message": message})
        return Answer(200, seen | {"message": "Success"} | known)
