"""Domains of the tenant: who checks the passwords of their users."""

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Directory, not_found
from lab.simulators.graph.odata import selected


class Domains:
    """Operations below ``/domains``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        return {"domain_GetDomain": Operation("domains.get", self.get, "domain-id")}

    async def get(self, call: Call) -> Answer:
        """One domain; those of the tenant's users that are not declared are managed."""
        name = call.params["domain-id"].lower()
        names = (a.properties["userPrincipalName"] for a in self._directory.accounts.values())
        used = {str(one).lower().rpartition("@")[2] for one in names}
        kind = self._directory.domains.get(name, "Managed" if name in used else None)
        if kind is None:
            raise not_found(name)
        domain = {"id": name, "authenticationType": kind, "isVerified": True}
        return Answer(200, selected(call, domain, None))
