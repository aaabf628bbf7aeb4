"""The tenant file: what is wrong with one, and the world it describes."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from lab.simulators.geoip import anonymous_record, asn_record, city_record, country_problems
from lab.simulators.graph.directory import Account, made_up_id
from lab.simulators.kql.values import table_problems
from lab.simulators.okta_org import problems_of as okta_problems
from lab.simulators.reputation import abuseipdb_data, canonical, virustotal_attributes
from lab.simulators.specification import Specification, errors

_MACHINE_ID = re.compile("[0-9a-f]{40}")

type Rows = list[dict[str, Any]]

_SECTION_TYPES = {
    "authenticationMethods": "authenticationMethod",
    "oauth2PermissionGrants": "oAuth2PermissionGrant",
    "messageRules": "messageRule",
    "mailFolders": "mailFolder",
    "registeredDevices": "directoryObject",
    "appRoleAssignments": "appRoleAssignment",
    "transitiveMemberOf": "directoryObject",
    "roleEligibilitySchedules": "unifiedRoleEligibilitySchedule",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DirectoryFile(_Strict):
    """The tenant's directory.

    ``appRoles`` are the directory roles that the app itself holds, ``appPermissionsWithheld`` the
    application permissions that it lacks of those it asks for. ``entraIdP2`` is the licence without
    which there is no Privileged Identity Management, ``temporaryAccessPass`` whether the tenant's
    policy allows such passes. ``replicaLagSeconds`` is for how long reads of methods, grants and
    rules still show what was there before a change, ``clockSkewSeconds`` by how much the clock of
    its changes to users is ahead. ``tightLimits``: Graph refuses as much of Identity Protection and
    of the reports as it does in Azure.
    """

    users: Rows = Field(default_factory=list)
    namedLocations: Rows = Field(default_factory=list)  # noqa: N815 - the file's spelling
    appRoles: list[str] = Field(default_factory=lambda: ["User Administrator"])  # noqa: N815
    appPermissionsWithheld: list[str] = Field(default_factory=list)  # noqa: N815
    domains: Rows = Field(default_factory=list)
    replicaLagSeconds: float = Field(default=0, ge=0)  # noqa: N815
    clockSkewSeconds: float = 0  # noqa: N815
    tightLimits: bool = False  # noqa: N815
    entraIdP2: bool = True  # noqa: N815
    temporaryAccessPass: bool = True  # noqa: N815
    conditionalAccessPolicies: Rows = Field(default_factory=list)  # noqa: N815
    riskDetections: Rows = Field(default_factory=list)  # noqa: N815


class AddressFile(_Strict):
    """What the world knows about one address.

    ``virustotal: null`` means 404 there, as an empty ``greynoise`` does.
    """

    virustotal: dict[str, Any] | None = Field(default_factory=dict)
    abuseipdb: dict[str, Any] = Field(default_factory=dict)
    greynoise: dict[str, Any] = Field(default_factory=dict)
    geo: dict[str, Any] = Field(default_factory=dict)


class TenantFile(_Strict):
    """Everything optional: ``{}`` is an empty tenant."""

    directory: DirectoryFile = Field(default_factory=DirectoryFile)
    tables: dict[str, Rows] = Field(default_factory=dict)
    addresses: dict[str, AddressFile] = Field(default_factory=dict)
    okta: dict[str, Any] = Field(default_factory=dict)
    devices: Rows = Field(default_factory=list)
    now: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong field of a tenant file and why."""

    field: str
    message: str


class TenantError(Exception):
    """The tenant file is wrong; ``problems`` names every wrong field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


@dataclass(slots=True)
class Tenant:
    """A tenant file that has been found good."""

    accounts: list[Account]
    file: DirectoryFile
    tables: dict[str, Rows]
    addresses: dict[str, dict[str, Any]]
    okta: dict[str, Any]
    devices: Rows
    now: datetime | None


class TenantReader:
    """Checks tenant files against the vendors' own schemas."""

    def __init__(
        self,
        graph: Specification,
        virustotal: Specification,
        abuseipdb: Specification,
        defender: Specification,
        okta: Specification,
        tables: dict[str, dict[str, str]],
    ) -> None:
        self._graph = graph
        self._virustotal = virustotal
        self._abuseipdb = abuseipdb
        self._defender = defender
        self._okta = okta
        self._tables = tables

    def read(self, document: Any) -> Tenant:
        """Return the tenant that ``document`` describes.

        Raises:
            TenantError: with every wrong field.
        """
        try:
            file = TenantFile.model_validate(document)
        except ValidationError as error:
            raise TenantError(pydantic_problems(error)) from error
        problems: list[Problem] = []
        accounts = self._accounts(file.directory.users, problems)
        self._check_locations(file.directory, problems)
        for index, domain in enumerate(file.directory.domains):
            place = f"directory.domains[{index}]"
            problems += map(_problem, errors(self._schema("domain"), domain, place))
        self._check_tables(file.tables, problems)
        self._check_devices(file.devices, problems)
        addresses = self._addresses(file.addresses, problems)
        problems += map(_problem, okta_problems(file.okta, self._okta))
        if problems:
            raise TenantError(problems)
        return Tenant(
            accounts, file.directory, file.tables, addresses, file.okta, file.devices, file.now
        )

    def _accounts(self, users: Rows, problems: list[Problem]) -> list[Account]:
        accounts: list[Account] = []
        seen: dict[str, int] = {}
        for index, raw in enumerate(users):
            place = f"directory.users[{index}]"
            if not raw.get("userPrincipalName"):
                problems.append(Problem(f"{place}.userPrincipalName", "is required"))
                continue
            try:
                account = Account(raw)
            except (AttributeError, TypeError) as error:
                problems.append(Problem(place, f"a section has the wrong shape: {error}"))
                continue
            for key in (account.id.lower(), raw["userPrincipalName"].lower()):
                if seen.setdefault(key, index) != index:
                    problems.append(Problem(place, f"{key} is also directory.users[{seen[key]}]"))
            self._check_account(place, account, problems)
            accounts.append(account)
        return accounts

    def _check_account(self, place: str, account: Account, problems: list[Problem]) -> None:
        found = list(errors(self._schema("user"), account.properties, place))
        for section, kind in _SECTION_TYPES.items():
            for index, item in enumerate(account.sections[section]):
                where = f"{place}.{section}[{index}]"
                found += errors(self._schema(_concrete(kind, item)), item, where)
        singles = {"registrationDetails": "userRegistrationDetails", "riskyUser": "riskyUser"}
        for section, kind in singles.items():
            if account.sections[section] is not None:
                found += errors(self._schema(kind), account.sections[section], f"{place}.{section}")
        problems += map(_problem, found)

    def _schema(self, kind: str) -> Any:
        return self._graph.schema(f"microsoft.graph.{kind}")

    def _check_locations(self, directory: DirectoryFile, problems: list[Problem]) -> None:
        for index, item in enumerate(directory.namedLocations):
            item.setdefault("id", made_up_id("location", str(index)))
            ranged = "ipRanges" in item
            kind = "ipNamedLocation" if ranged else "countryNamedLocation"
            item.setdefault("@odata.type", f"#microsoft.graph.{kind}")
            place = f"directory.namedLocations[{index}]"
            problems += map(_problem, errors(self._schema(kind), item, place))

    def _check_tables(self, tables: dict[str, Rows], problems: list[Problem]) -> None:
        for name, rows in tables.items():
            if name not in self._tables:
                known = ", ".join(sorted(self._tables))
                problems.append(Problem(f"tables.{name}", f"unknown table; known are: {known}"))
                continue
            problems += [
                Problem(*found) for found in table_problems(name, rows, self._tables[name])
            ]

    def _check_devices(self, devices: Rows, problems: list[Problem]) -> None:
        machine, user = self._defender.schema("Machine"), self._defender.schema("User")
        for index, item in enumerate(devices):
            place = f"devices[{index}]"
            problems += map(_problem, errors(machine, item, place))
            if not _MACHINE_ID.fullmatch(str(item.get("id"))):
                problems.append(Problem(f"{place}.id", "must be 40 hexadecimal digits"))
            for number, one in enumerate(item.get("logonUsers", ())):
                problems += map(_problem, errors(user, one, f"{place}.logonUsers[{number}]"))

    def _addresses(
        self, given: dict[str, AddressFile], problems: list[Problem]
    ) -> dict[str, dict[str, Any]]:
        addresses: dict[str, dict[str, Any]] = {}
        for text, entry in given.items():
            address, place = canonical(text), f"addresses.{text}"
            if address is None:
                problems.append(Problem(place, "is not an IP address"))
                continue
            attributes = virustotal_attributes(address, entry.virustotal or {})
            schema = self._virustotal.schema("IpAttributes")
            problems += map(_problem, errors(schema, attributes, f"{place}.virustotal"))
            data = abuseipdb_data(address, entry.abuseipdb)
            schema = self._abuseipdb.schema("Check")
            problems += map(_problem, errors(schema, data, f"{place}.abuseipdb"))
            problems += _geo_problems(f"{place}.geo", entry.geo)
            addresses[address] = entry.model_dump()
        return addresses


def _geo_problems(place: str, geo: dict[str, Any]) -> list[Problem]:
    try:
        city_record(geo), asn_record(geo), anonymous_record(geo)
    except (TypeError, ValueError) as error:
        return [Problem(place, str(error))]
    return [Problem(f"{place}.{field}", reason) for field, reason in country_problems(geo)]


def _concrete(kind: str, item: dict[str, Any]) -> str:
    """Use the schema of the item's own type: its messages say more than a failed ``anyOf``."""
    named = str(item.get("@odata.type", "")).removeprefix("#microsoft.graph.")
    known = ("group", "directoryRole", "device", "administrativeUnit")
    return named if named in known else kind


def _problem(text: str) -> Problem:
    field, _, message = text.partition(": ")
    return Problem(field, message)


def pydantic_problems(error: ValidationError) -> list[Problem]:
    """Turn pydantic's findings into fields and messages."""
    found = []
    for item in error.errors():
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in item["loc"])
        found.append(Problem(path.lstrip(".") or "body", item["msg"]))
    return found
