"""The directory's state: users with everything Graph hangs on them."""

import copy
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.simulators.exchange import Answer, RefusalError

SECTIONS = (
    "transitiveMemberOf", "memberOf", "authenticationMethods", "registrationDetails", "riskyUser",
    "oauth2PermissionGrants", "messageRules", "mailFolders", "manager", "registeredDevices",
    "appRoleAssignments", "roleEligibilitySchedules",
)  # fmt: skip
"""Keys of a user in a tenant file that are not properties of Graph's user."""

_LISTS = frozenset(SECTIONS) - {"registrationDetails", "riskyUser", "manager"}
_NAMESPACE = uuid.UUID("4d1c1b0a-52a5-4b1a-9b60-0d7c3d5b4f0e")


def now_text(ahead: float = 0) -> str:
    """The present as Graph writes it, in whole seconds; ``ahead``: seconds its clock is fast."""
    return (datetime.now(UTC) + timedelta(seconds=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def made_up_id(*parts: str) -> str:
    """A GUID that is the same for the same ``parts``."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


class Account:
    """One user: Graph's properties, and the sections beside them."""

    def __init__(self, raw: dict[str, Any]) -> None:
        given = copy.deepcopy(raw)
        self.sections: dict[str, Any] = {name: given.pop(name, None) for name in SECTIONS}
        for name in _LISTS:
            if name != "memberOf" and self.sections[name] is None:
                self.sections[name] = []
        self.properties: dict[str, Any] = given
        upn = str(given.get("userPrincipalName", ""))
        given.setdefault("id", made_up_id("user", upn))
        given.setdefault("displayName", upn.partition("@")[0] or None)
        given.setdefault("accountEnabled", True)
        given.setdefault("userType", "Member")
        given.setdefault("businessPhones", [])
        given.setdefault("mail", upn or None)
        given.setdefault("proxyAddresses", [f"SMTP:{given['mail']}"] if given["mail"] else [])
        given.setdefault("signInSessionsValidFromDateTime", given.get("createdDateTime"))
        self._complete_sections()

    @property
    def id(self) -> str:
        """The object id."""
        return str(self.properties["id"])

    def _complete_sections(self) -> None:
        for name in _LISTS:
            for index, item in enumerate(self.sections[name] or ()):
                item.setdefault("id", made_up_id(self.id, name, str(index)))
        for name in ("transitiveMemberOf", "memberOf"):
            for item in self.sections[name] or ():
                kind = "directoryRole" if "roleTemplateId" in item else "group"
                item.setdefault("@odata.type", f"#microsoft.graph.{kind}")
        if self.sections["memberOf"] is None:
            self.sections["memberOf"] = self.sections["transitiveMemberOf"]
        for schedule in self.sections["roleEligibilitySchedules"]:
            schedule.setdefault("principalId", self.id)
            schedule.setdefault("directoryScopeId", "/")
            schedule.setdefault("memberType", "Direct")
            schedule.setdefault("status", "Provisioned")
        for device in self.sections["registeredDevices"]:
            device.setdefault("@odata.type", "#microsoft.graph.device")
        for grant in self.sections["oauth2PermissionGrants"]:
            grant.setdefault("principalId", self.id)
            grant.setdefault("consentType", "Principal")
        person = {
            "id": self.id,
            "userPrincipalName": self.properties.get("userPrincipalName"),
            "userDisplayName": self.properties.get("displayName"),
        }
        for name in ("registrationDetails", "riskyUser"):
            if self.sections[name] is not None:
                self.sections[name] = person | self.sections[name]
        if self.sections["manager"] is not None:
            self.sections["manager"].setdefault("@odata.type", "#microsoft.graph.user")
            self.sections["manager"].setdefault("id", made_up_id(self.id, "manager"))


class Replica:
    """Reads of what hangs on a user: the copy that answers lags behind the one that is changed."""

    def __init__(self, lag_seconds: float = 0) -> None:
        self._lag_seconds = lag_seconds
        self._stale: dict[tuple[str, str], tuple[float, Any]] = {}

    def about_to_change(self, account: Account, section: str) -> None:
        """Keep the section as it is for readers, until the lag is over."""
        kept = self._stale.get((account.id, section))
        if self._lag_seconds and (kept is None or kept[0] <= time.monotonic()):
            copied = copy.deepcopy(account.sections[section])
            self._stale[account.id, section] = (time.monotonic() + self._lag_seconds, copied)

    def read(self, account: Account, section: str) -> Any:
        """Return the section as a reader sees it now."""
        until, kept = self._stale.get((account.id, section), (0.0, None))
        return kept if until > time.monotonic() else account.sections[section]


class Directory:
    """All users by object id and by user principal name (any case), and the tenant's policies."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._by_upn: dict[str, str] = {}
        self.named_locations: dict[str, dict[str, Any]] = {}
        self.policies: list[dict[str, Any]] = []
        self.risk_detections: list[dict[str, Any]] = []
        self.app_roles: list[str] = ["User Administrator"]
        self.domains: dict[str, str] = {}
        self.entra_id_p2 = True
        self.temporary_access_pass = True
        self.groups_are_readable = True
        self.replica = Replica()
        self.clock_skew = 0.0
        self.sent_mail: list[dict[str, Any]] = []

    def load(
        self,
        accounts: list[Account],
        named_locations: list[dict[str, Any]],
        policies: list[dict[str, Any]],
        risk_detections: list[dict[str, Any]],
        app_roles: list[str],
        *,
        domains: dict[str, str] | None = None,
        lag_seconds: float = 0,
        entra_id_p2: bool = True,
        temporary_access_pass: bool = True,
        groups_are_readable: bool = True,
        clock_skew: float = 0,
    ) -> None:
        """Replace the whole directory; ``domains`` are names and their authentication types."""
        self.clock_skew = clock_skew
        self.accounts = {account.id.lower(): account for account in accounts}
        self._by_upn = {
            str(a.properties.get("userPrincipalName", "")).lower(): a.id.lower() for a in accounts
        }
        self.named_locations = {str(item["id"]): item for item in copy.deepcopy(named_locations)}
        self.policies = copy.deepcopy(policies)
        self.risk_detections = copy.deepcopy(risk_detections)
        self.app_roles = list(app_roles)
        self.domains = {name.lower(): kind for name, kind in (domains or {}).items()}
        self.entra_id_p2 = entra_id_p2
        self.temporary_access_pass = temporary_access_pass
        self.groups_are_readable = groups_are_readable
        self.replica = Replica(lag_seconds)

    def reset(self) -> None:
        """Empty the directory."""
        self.load([], [], [], [], ["User Administrator"])
        self.sent_mail.clear()

    def find(self, key: str) -> Account | None:
        """Return the account with this object id or user principal name."""
        folded = key.lower()
        return self.accounts.get(folded) or self.accounts.get(self._by_upn.get(folded, ""))

    def get(self, key: str) -> Account:
        """Return the account or refuse as Graph does.

        Raises:
            RefusalError: 404 ``Request_ResourceNotFound``.
        """
        account = self.find(key)
        if account is None:
            raise not_found(key)
        return account

    def snapshot(self) -> dict[str, Any]:
        """Every user as a tenant file would write it, and the tenant's lists."""
        return {
            "users": [
                {**a.properties, **{k: v for k, v in a.sections.items() if v not in (None, [])}}
                for a in self.accounts.values()
            ],
            "namedLocations": list(self.named_locations.values()),
            "appRoles": self.app_roles,
            "domains": [
                {"id": name, "authenticationType": kind} for name, kind in self.domains.items()
            ],
        }


def graph_error(status: int, code: str, message: str) -> RefusalError:
    """Return a refusal with Graph's OData error body."""
    return RefusalError(error_answer(status, code, message))


def error_answer(status: int, code: str, message: str) -> Answer:
    """Graph's OData error body."""
    stamp = {"date": now_text().rstrip("Z"), "request-id": str(uuid.uuid4())}
    return Answer(status, {"error": {"code": code, "message": message, "innerError": stamp}})


def not_found(key: str) -> RefusalError:
    """Graph's 404 for a directory object."""
    message = (
        f"Resource '{key}' does not exist or one of its queried reference-property objects are "
        "not present."
    )
    return graph_error(404, "Request_ResourceNotFound", message)
