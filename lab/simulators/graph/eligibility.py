"""Privileged Identity Management: directory roles that somebody may activate."""

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
        expanded = "roleDefinition" in call.query.get("$expand", "")
        accounts = self._directory.accounts.values()
        schedules = [
            schedule if expanded else {k: v for k, v in schedule.items() if k != "roleDefinition"}
            for account in accounts
            for schedule in account.sections["roleEligibilitySchedules"]
        ]
        return collection(call, schedules)
