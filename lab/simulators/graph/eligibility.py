"""Privileged Identity Management: directory roles that somebody may activate."""

from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Directory, graph_error
from lab.simulators.graph.odata import collection


class Eligibility:
    """Operations below ``/roleManagement/directory/roleEligibilitySchedules``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        return {
            "roleManagement_directory_ListRoleEligibilitySchedule": Operation(
                "roleEligibilitySchedules.list", self.list, "$filter"
            )
        }

    async def list(self, call: Call) -> Answer:
        """The schedules, of users and of groups; the role itself only with ``$expand``."""
        if not self._directory.entra_id_p2:
            raise graph_error(
                400,
                "AadPremiumLicenseRequired",
                "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance "
                "license.",
            )
        wanted = call.query.get("$expand", "").split(",")
        schedules = [
            {
                name: value
                for name, value in (schedule | {"principal": self._principal(schedule)}).items()
                if name not in ("roleDefinition", "principal") or name in wanted
            }
            for account in self._directory.accounts.values()
            for schedule in account.sections["roleEligibilitySchedules"]
        ]
        return collection(call, schedules)

    def _principal(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """Who the schedule is of: a user, else a group that roles are given to."""
        principal_id = schedule["principalId"]
        kind = "user" if principal_id in self._directory.accounts else "group"
        return {"@odata.type": f"#microsoft.graph.{kind}", "id": principal_id}
