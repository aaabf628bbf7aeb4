"""Delegated permission grants: what users, or an administrator for all, let applications do."""

from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Account, Directory, graph_error, made_up_id, not_found
from lab.simulators.graph.odata import collection

_SECTION = "oauth2PermissionGrants"


class Grants:
    """Operations below ``/oauth2PermissionGrants`` and ``/users/{id}/oauth2PermissionGrants``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._made = 0

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        return {
            "user_ListOauth2PermissionGrant": Operation(
                "users.oauth2PermissionGrants", self.of_user, "user-id"
            ),
            "oauth2PermissionGrant_ListOauth2PermissionGrant": Operation(
                "oauth2PermissionGrants.list", self.all
            ),
            "oauth2PermissionGrant_CreateOauth2PermissionGrant": Operation(
                "oauth2PermissionGrants.post", self.create
            ),
            "oauth2PermissionGrant_Delete": Operation(
                "oauth2PermissionGrants.delete", self.delete, "oAuth2PermissionGrant-id"
            ),
        }

    async def of_user(self, call: Call) -> Answer:
        """Delegated permissions the user consented to."""
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        return collection(call, self._directory.replica.read(account, _SECTION))

    async def all(self, call: Call) -> Answer:
        """Delegated permissions of everybody."""
        accounts = self._directory.accounts.values()
        return collection(call, [g for a in accounts for g in a.sections[_SECTION]])

    async def create(self, call: Call) -> Answer:
        """Let an application act for one user; 409 when it already may, with whatever scope."""
        principal = call.body.get("principalId")
        if call.body.get("consentType") != "Principal" or not principal:
            message = "This lab keeps grants with their user: consentType must be Principal."
            raise graph_error(400, "Request_BadRequest", message)
        account = self._directory.get(principal)
        call.target = account.id
        same = ("clientId", "resourceId")
        if any(_is_same(grant, call.body, same) for grant in account.sections[_SECTION]):
            message = "Permission entry already exists."
            raise graph_error(409, "Request_MultipleObjectsWithSameKeyValue", message)
        self._made += 1
        grant = {**call.body, "id": made_up_id(account.id, "grant", str(self._made))}
        self._change(account, [*account.sections[_SECTION], grant])
        return Answer(201, grant, effect=True)

    async def delete(self, call: Call) -> Answer:
        """Take a delegated permission away."""
        wanted = call.params["oAuth2PermissionGrant-id"]
        for account in self._directory.accounts.values():
            grants = account.sections[_SECTION]
            kept = [grant for grant in grants if grant["id"] != wanted]
            if len(kept) != len(grants):
                self._change(account, kept)
                return Answer(204, effect=True, detail={"user": account.id})
        raise not_found(wanted)

    def _change(self, account: Account, grants: list[dict[str, Any]]) -> None:
        self._directory.replica.about_to_change(account, _SECTION)
        account.sections[_SECTION] = grants


def _is_same(grant: dict[str, Any], other: dict[str, Any], names: tuple[str, ...]) -> bool:
    return all(grant.get(name) == other.get(name) for name in names)
