"""Identity Protection, named locations and Conditional Access policies."""

import copy
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import (
    Directory,
    graph_error,
    made_up_id,
    now_text,
)
from lab.simulators.graph.odata import collection, selected


class Protection:
    """What protects or betrays an account besides the account itself."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        risky = "riskyUser-id"
        location = "namedLocation-id"
        access = "identity.conditionalAccess"
        return {
            "identityProtection_GetRiskyUser": Operation("riskyUsers.get", self.risky, risky),
            "identityProtection_ListRiskyUser": Operation("riskyUsers.list", self.risky_list),
            "identityProtection.riskyUser_confirmCompromised": Operation(
                "confirmCompromised", self.confirm
            ),
            "identityProtection.riskyUser_dismiss": Operation("dismiss", self.dismiss),
            "identityProtection_ListRiskDetection": Operation(
                "riskDetections.list", self.detections
            ),
            f"{access}_ListNamedLocation": Operation("namedLocations.list", self.locations),
            f"{access}_GetNamedLocation": Operation("namedLocations.get", self.location, location),
            f"{access}_CreateNamedLocation": Operation("namedLocations.post", self.add_location),
            f"{access}_UpdateNamedLocation": Operation(
                "namedLocations.patch", self.patch_location, location
            ),
            f"{access}_ListPolicy": Operation("policies.list", self.policies),
        }

    async def risky(self, call: Call) -> Answer:
        """One risky user, 404 for a user without risk."""
        account = self._directory.find(call.params["riskyUser-id"])
        if account is None or account.sections["riskyUser"] is None:
            raise graph_error(404, "ResourceNotFound", "The risky user was not found.")
        return Answer(200, selected(call, account.sections["riskyUser"], None))

    async def risky_list(self, call: Call) -> Answer:
        """All risky users."""
        users = self._directory.accounts.values()
        return collection(call, [a.sections["riskyUser"] for a in users if a.sections["riskyUser"]])

    async def confirm(self, call: Call) -> Answer:
        """Set the users' risk to high; in Azure this takes effect a little later."""
        state = {
            "riskLevel": "high",
            "riskState": "confirmedCompromised",
            "riskDetail": "adminConfirmedUserCompromised",
        }
        return self._set_risk(call, state)

    async def dismiss(self, call: Call) -> Answer:
        """Set the users' risk to none."""
        state = {
            "riskLevel": "none",
            "riskState": "dismissed",
            "riskDetail": "adminDismissedAllRiskForUser",
        }
        return self._set_risk(call, state)

    def _set_risk(self, call: Call, state: dict[str, str]) -> Answer:
        call.target = ",".join(call.body["userIds"])
        accounts = [self._directory.get(user_id) for user_id in call.body["userIds"]]
        effect = False
        for account in accounts:
            before = account.sections["riskyUser"] or {
                "id": account.id,
                "isDeleted": False,
                "isProcessing": False,
                "userPrincipalName": account.properties.get("userPrincipalName"),
                "userDisplayName": account.properties.get("displayName"),
            }
            if any(before.get(key) != value for key, value in state.items()):
                effect = True
                account.sections["riskyUser"] = {
                    **before, **state, "riskLastUpdatedDateTime": now_text(),
                }  # fmt: skip
        return Answer(204, effect=effect)

    async def detections(self, call: Call) -> Answer:
        """Risk detections of the tenant file."""
        return collection(call, self._directory.risk_detections)

    async def locations(self, call: Call) -> Answer:
        """Named locations."""
        return collection(call, list(self._directory.named_locations.values()))

    async def location(self, call: Call) -> Answer:
        """One named location."""
        return Answer(200, selected(call, self._location(call), None))

    def _location(self, call: Call) -> dict[str, Any]:
        wanted = call.params["namedLocation-id"]
        if wanted not in self._directory.named_locations:
            raise graph_error(404, "NotFound", f"{wanted} could not be found.")
        return self._directory.named_locations[wanted]

    async def add_location(self, call: Call) -> Answer:
        """Create a named location."""
        known = self._directory.named_locations
        item = {**call.body, "id": made_up_id("location", str(len(known)), now_text())}
        item |= {"createdDateTime": now_text(), "modifiedDateTime": now_text()}
        known[item["id"]] = item
        call.target = item["id"]
        return Answer(201, item, effect=True)

    async def patch_location(self, call: Call) -> Answer:
        """Change a named location; ``ipRanges`` is replaced as a whole, the type is required."""
        item = self._location(call)
        if "@odata.type" not in call.body:
            raise graph_error(400, "BadRequest", "@odata.type is required to update the location.")
        before = copy.deepcopy(item)
        item.update(call.body)
        effect = item != before
        if effect:
            item["modifiedDateTime"] = now_text()
        return Answer(204, effect=effect)

    async def policies(self, call: Call) -> Answer:
        """Conditional Access policies of the tenant file."""
        return collection(call, self._directory.policies)
