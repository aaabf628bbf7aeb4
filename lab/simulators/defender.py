"""Microsoft Defender for Endpoint: machines, who was on them, and machine actions.

Operations: ``users.machines.list``, ``machines.logonusers.list``, ``machines.runAntiVirusScan``,
``machines.isolate``, ``machines.unisolate``, ``machineactions.list``, ``machineactions.get``. The
target is the machine, or the account. An order answers at once with ``Pending``; the machine works
at it (``InProgress``) and is done after a while. One that does not report leaves it ``Pending``. A
second order of a kind that is under way gets 400 ``ActiveRequestAlreadyExists``. A permission that
the app lacks gets 403. Besides Defender's own fields the tenant's machines have
``logonUsers``, and may have ``actionsEnd``: the status that orders end with, such as ``Failed``.
"""

import copy
import re
import time
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor

AUDIENCE = "https://api.securitycenter.microsoft.com"
_FILTER = re.compile(r"machineId eq '(?P<id>[0-9a-f]{40})'")
_SERVES = {"Machine.Read.All": {"Machine.Read.All", "Machine.ReadWrite.All"}}
"""Other permissions that serve, where the documentation names more than one."""
_ONE_AFTER_ANOTHER = {"Isolate": "Unisolate", "Unisolate": "Isolate"}
_OF_THE_LAB = ("logonUsers", "actionsEnd")
_NO_ANTIVIRUS_ORDER = ("Linux", "Ubuntu", "RedHatEnterpriseLinux")


class Defender(Vendor):
    """The tenant's machines; ``delay`` is how long one takes for an order, in seconds."""

    name: ClassVar[str] = "defender"

    def __init__(self, authority: TokenAuthority, delay: float) -> None:
        self._authority = authority
        self._delay = delay
        self._machines: dict[str, dict[str, Any]] = {}
        self._actions: list[dict[str, Any]] = []
        self.specification = Specification("defender-endpoint.json")

    def load(self, machines: list[dict[str, Any]]) -> None:
        """Replace the machines; nothing has been ordered yet."""
        self._machines = {machine["id"]: copy.deepcopy(machine) for machine in machines}
        self._actions.clear()

    def reset(self) -> None:
        """No machines, no orders."""
        self.load([])

    def snapshot(self) -> dict[str, Any]:
        """The machines, and every order as it stands."""
        return {
            "devices": list(self._machines.values()),
            "machineActions": [self._shown(action) for action in self._actions],
        }

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "userMachines": Operation("users.machines.list", self._of_user, "id"),
            "logonUsers": Operation("machines.logonusers.list", self._logons, "id"),
            "runAntiVirusScan": Operation("machines.runAntiVirusScan", self._scan, "id"),
            "isolate": Operation("machines.isolate", self._isolate, "id"),
            "unisolate": Operation("machines.unisolate", self._release, "id"),
            "listMachineActions": Operation("machineactions.list", self._list, "$filter"),
            "getMachineAction": Operation("machineactions.get", self._get, "id"),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token for Defender, with the operation's permission among its roles."""
        try:
            self._authority.check(call.headers.get("Authorization"), [AUDIENCE])
        except TokenError as error:
            return _error(401, "Unauthorized", str(error))
        found = self.specification.match(call.method, call.path)
        if found is None:
            return None
        item = self.specification.document["paths"][found[0].template][call.method.lower()]
        needed = item["x-app-permission"]
        held = set(self._authority.permissions(AUDIENCE))
        if held & _SERVES.get(needed, {needed}):
            return None
        message = (
            f"Missing application roles. API required roles: {needed}, application roles: "
            f"{','.join(sorted(held))}."
        )
        return _error(403, "Forbidden", message)

    def refuse(self, status: int, message: str) -> Answer:
        """Defender's error body."""
        code = {404: "NotFound", 405: "MethodNotAllowed"}.get(status, "InvalidRequestBody")
        return _error(status, code, message)

    async def _of_user(self, call: Call) -> Answer:
        user = call.params["id"].lower()
        mine = [
            {key: value for key, value in machine.items() if key not in _OF_THE_LAB}
            for machine in self._machines.values()
            if any(one["accountName"].lower() == user for one in machine.get("logonUsers", ()))
        ]
        return Answer(200, {"@odata.context": f"{AUDIENCE}/api/$metadata#Machines", "value": mine})

    async def _logons(self, call: Call) -> Answer:
        users = self._machine(call).get("logonUsers", [])
        return Answer(200, {"@odata.context": f"{AUDIENCE}/api/$metadata#Users", "value": users})

    async def _scan(self, call: Call) -> Answer:
        machine = self._machine(call)
        platform = machine.get("osPlatform") or ""
        if platform in _NO_ANTIVIRUS_ORDER:
            message = f"OS Platform {platform} isn't supported for this action."
            return _error(400, "OsPlatformNotSupported", message)
        return self._order(call, machine, "RunAntiVirusScan", call.body["ScanType"])

    async def _isolate(self, call: Call) -> Answer:
        scope = call.body.get("IsolationType", "Full")
        machine = self._machine(call)
        if scope == "Selective" and not (machine.get("osPlatform") or "").startswith("Windows"):
            message = "Selective isolation isn't supported for this machine."
            return _error(400, "OsPlatformNotSupported", message)
        return self._order(call, machine, "Isolate", scope)

    async def _release(self, call: Call) -> Answer:
        return self._order(call, self._machine(call), "Unisolate", None)

    def _order(self, call: Call, machine: dict[str, Any], kind: str, scope: str | None) -> Answer:
        rivals = {kind, _ONE_AFTER_ANOTHER.get(kind, kind)}
        mine = [one for one in self._actions if one["machineId"] == machine["id"]]
        if any(one["type"] in rivals and _is_under_way(self._shown(one)) for one in mine):
            return _error(400, "ActiveRequestAlreadyExists", "Action is already in progress")
        action = {
            "id": str(uuid.uuid4()),
            "type": kind,
            "scope": scope,
            "title": None,
            "requestor": self._authority.settings.azure_client_id,
            "requestorComment": call.body["Comment"],
            "requestSource": "PublicApi",
            "status": "Pending",
            "machineId": machine["id"],
            "computerDnsName": machine.get("computerDnsName"),
            "creationDateTimeUtc": _now(),
            "lastUpdateDateTimeUtc": _now(),
            "relatedFileInfo": None,
            "ordered": time.monotonic(),
        }
        self._actions.append(action)
        return Answer(201, self._shown(action), effect=True)

    def _shown(self, action: dict[str, Any]) -> dict[str, Any]:
        """Return an order as it stands now."""
        age = time.monotonic() - action["ordered"]
        machine = self._machines[action["machineId"]]
        reports = machine.get("healthStatus", "Active") == "Active"
        status = action["status"]
        if reports and age >= self._delay:
            status = machine.get("actionsEnd", "Succeeded")
        elif reports and age >= self._delay / 2:
            status = "InProgress"
        return {key: value for key, value in action.items() if key != "ordered"} | {
            "status": status
        }

    async def _list(self, call: Call) -> Answer:
        wanted = call.query.get("$filter")
        found = _FILTER.fullmatch(wanted) if wanted else None
        if wanted and found is None:
            return _error(400, "ODataError", f"Invalid OData URI query: {wanted}")
        machine_id = found["id"] if found else None
        actions = [one for one in self._actions if machine_id in (None, one["machineId"])]
        start, most = int(call.query.get("$skip", 0)), int(call.query.get("$top", 10_000))
        newest = [self._shown(one) for one in reversed(actions)][start : start + most]
        body = {"@odata.context": f"{AUDIENCE}/api/$metadata#MachineActions", "value": newest}
        return Answer(200, body)

    async def _get(self, call: Call) -> Answer:
        for action in self._actions:
            if action["id"] == call.params["id"]:
                return Answer(200, self._shown(action))
        raise RefusalError(_not_found("Machine action", call.params["id"]))

    def _machine(self, call: Call) -> dict[str, Any]:
        machine = self._machines.get(call.params["id"])
        if machine is None:
            raise RefusalError(_not_found("Machine", call.params["id"]))
        return machine


def _is_under_way(action: dict[str, Any]) -> bool:
    return action["status"] in ("Pending", "InProgress")


def _not_found(what: str, name: str) -> Answer:
    return _error(404, "ResourceNotFound", f"{what} {name} was not found")


def _error(status: int, code: str, message: str) -> Answer:
    body = {"error": {"code": code, "message": message, "target": str(uuid.uuid4())}}
    return Answer(status, body)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
