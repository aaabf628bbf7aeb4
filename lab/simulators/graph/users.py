"""Graph's users: reading, the two sensitive changes, sessions, and what hangs on a user."""

import string
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Account, Directory, graph_error, not_found, now_text
from lab.simulators.graph.odata import bad_request, collection, filtered, selected
from lab.simulators.graph.roles import may_act

# What GET /users/{id} returns without $select.
_DEFAULTS = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip


class Users:
    """Operations below ``/users``."""

    def __init__(self, directory: Directory, properties: set[str]) -> None:
        self._directory = directory
        self._properties = properties

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        user = "user-id"
        return {
            "user_GetUser": Operation("users.get", self.get, user),
            "user_ListUser": Operation("users.list", self.list),
            "user_GetCount": Operation("users.count", self.count),
            "user_UpdateUser": Operation("users.patch", self.patch, user),
            "user_revokeSignInSession": Operation("revokeSignInSessions", self.revoke, user),
            "user_ListTransitiveMemberOf": Operation("transitiveMemberOf", self.transitive, user),
            "user_ListTransitiveMemberOfAsDirectoryRole": Operation(
                "transitiveMemberOf.directoryRole", self.roles, user
            ),
            "user_ListTransitiveMemberOfAsGroup": Operation(
                "transitiveMemberOf.group", self.groups, user
            ),
            "user_ListMemberOf": Operation("memberOf", self.member_of, user),
            "user_GetManager": Operation("manager", self.manager, user),
            "user_ListRegisteredDevice": Operation("registeredDevices", self.devices, user),
            "user_ListAppRoleAssignment": Operation("appRoleAssignments", self.assignments, user),
            "user_DeleteAppRoleAssignment": Operation(
                "appRoleAssignments.delete", self.delete_assignment, user
            ),
        }

    def _account(self, call: Call) -> Account:
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        return account

    def _now(self) -> str:
        return now_text(self._directory.clock_skew)

    async def get(self, call: Call) -> Answer:
        """``$select`` decides; without it Graph returns eleven properties only."""
        properties = self._account(call).properties
        shown = {k: v for k, v in properties.items() if k != "passwordProfile"}
        return Answer(200, selected(call, shown, _DEFAULTS, self._properties))

    async def list(self, call: Call) -> Answer:
        """All users, filtered."""
        return collection(call, [dict(a.properties) for a in self._directory.accounts.values()])

    async def count(self, call: Call) -> Answer:
        """How many users there are, as text; counting with a filter is an advanced query."""
        if call.query.get("$filter") and call.headers.get("ConsistencyLevel") != "eventual":
            raise bad_request(
                "$count is not currently supported with $filter without the header "
                "ConsistencyLevel: eventual.",
                "Request_UnsupportedQuery",
            )
        users = [dict(account.properties) for account in self._directory.accounts.values()]
        return Answer(200, str(len(filtered(call, users))), content_type="text/plain")

    async def patch(self, call: Call) -> Answer:
        """Change properties, all or none: one refused property loses the others too."""
        account = self._account(call)
        changes = {k: v for k, v in call.body.items() if not k.startswith("@odata.")}
        memberships = account.sections["transitiveMemberOf"]
        app_roles = self._directory.app_roles
        for name, role_needed in (("accountEnabled", False), ("passwordProfile", True)):
            if name in changes and not may_act(app_roles, memberships, role_needed=role_needed):
                raise graph_error(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                )
        profile = changes.pop("passwordProfile", None)
        if profile is not None:
            _check_password(account, profile)
        effect = any(account.properties.get(k) != v for k, v in changes.items())
        account.properties.update(changes)
        if profile is not None:
            effect = True
            account.properties["lastPasswordChangeDateTime"] = self._now()
            account.properties["passwordProfile"] = {**profile, "password": "***"}
        return Answer(204, effect=effect)

    async def revoke(self, call: Call) -> Answer:
        """Move ``signInSessionsValidFromDateTime``; a guest's sessions are the home tenant's."""
        account = self._account(call)
        effect = account.properties.get("userType") != "Guest"
        if effect:
            account.properties["signInSessionsValidFromDateTime"] = self._now()
        return Answer(200, {"value": True}, effect=effect)

    async def transitive(self, call: Call) -> Answer:
        """Groups and roles, direct or through groups."""
        return collection(call, self._account(call).sections["transitiveMemberOf"])

    async def roles(self, call: Call) -> Answer:
        """Active directory roles only."""
        items = self._account(call).sections["transitiveMemberOf"]
        return collection(call, [i for i in items if i["@odata.type"].endswith("directoryRole")])

    async def groups(self, call: Call) -> Answer:
        """Groups only; those that the app may not read show their id and nothing else."""
        items = self._account(call).sections["transitiveMemberOf"]
        groups = [item for item in items if item["@odata.type"].endswith(".group")]
        if not self._directory.groups_are_readable:
            marks = ("@odata.type", "id")
            groups = [dict.fromkeys(item) | {k: item[k] for k in marks} for item in groups]
        return collection(call, groups)

    async def member_of(self, call: Call) -> Answer:
        """Direct memberships."""
        return collection(call, self._account(call).sections["memberOf"])

    async def manager(self, call: Call) -> Answer:
        """The manager, 404 without one."""
        manager = self._account(call).sections["manager"]
        if manager is None:
            raise not_found("manager")
        return Answer(200, selected(call, manager, None))

    async def devices(self, call: Call) -> Answer:
        """Registered devices."""
        return collection(call, self._account(call).sections["registeredDevices"])

    async def assignments(self, call: Call) -> Answer:
        """App roles given to the user."""
        return collection(call, self._account(call).sections["appRoleAssignments"])

    async def delete_assignment(self, call: Call) -> Answer:
        """Take an app role away."""
        account = self._account(call)
        wanted = call.params["appRoleAssignment-id"]
        kept = [a for a in account.sections["appRoleAssignments"] if a["id"] != wanted]
        if len(kept) == len(account.sections["appRoleAssignments"]):
            raise not_found(wanted)
        account.sections["appRoleAssignments"] = kept
        return Answer(204, effect=True)


def _check_password(account: Account, profile: dict[str, Any]) -> None:
    if account.properties.get("onPremisesSyncEnabled"):
        message = (
            "Unable to update the specified properties for on-premises mastered Directory Sync "
            "objects or objects currently undergoing migration."
        )
        raise graph_error(400, "Request_BadRequest", message)
    password = profile.get("password")
    if password is None:
        return
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    used = sum(any(c in group for c in password) for group in classes)
    used += any(c not in string.ascii_letters + string.digits for c in password)
    # Entra's rule: 8 to 256 characters, three of the four kinds.
    if not 8 <= len(password) <= 256 or used < 3:
        message = (
            "The specified password does not comply with password complexity requirements. "
            "Please provide a different password."
        )
        raise graph_error(400, "Request_BadRequest", message)
