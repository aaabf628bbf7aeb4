"""Authentication methods: listing, and removing at the address of a method's kind."""

import secrets
import uuid
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Account, Directory, graph_error, now_text
from lab.simulators.graph.odata import collection
from lab.simulators.graph.roles import may_act

KINDS = (
    "email", "fido2", "microsoftAuthenticator", "phone", "platformCredential", "softwareOath",
    "temporaryAccessPass", "windowsHelloForBusiness",
)  # fmt: skip
_PASSWORD = "#microsoft.graph.passwordAuthenticationMethod"  # noqa: S105 - the type's name
_PASS = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"  # noqa: S105 - a type's name
_DEFAULTS = {
    "push": "microsoftAuthenticator", "oath": "softwareOath", "sms": "phone",
    "voiceMobile": "phone", "voiceAlternateMobile": "phone", "voiceOffice": "phone",
}  # fmt: skip
"""``userPreferredMethodForSecondaryAuthentication`` to the kind of method it is."""


class Methods:
    """Operations below ``/users/{id}/authentication``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        user = "user-id"
        served = {
            "user.authentication_ListMethod": Operation(
                "authentication.methods", self.methods, user
            )
        }
        served["user.authentication_CreateTemporaryAccessPassMethod"] = Operation(
            "temporaryAccessPassMethods.post", self.create_pass, user
        )
        for kind in KINDS:
            served[f"user.authentication_Delete{kind[0].upper()}{kind[1:]}Method"] = Operation(
                "authentication.methods.delete", self.delete, user
            )
        return served

    def _account(self, call: Call) -> Account:
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        return account

    async def methods(self, call: Call) -> Answer:
        """Registered authentication methods."""
        account = self._account(call)
        return collection(call, self._directory.replica.read(account, "authenticationMethods"))

    async def create_pass(self, call: Call) -> Answer:
        """Make a Temporary Access Pass instead of any that is there; only this answer says it.

        400 where the tenant's policy is off, in words of our own: Microsoft documents none.
        """
        account = self._account(call)
        memberships = account.sections["transitiveMemberOf"]
        if not may_act(self._directory.app_roles, memberships, role_needed=False):
            raise graph_error(403, "accessDenied", "Request Authorization failed")
        minutes = call.body.get("lifetimeInMinutes") or 60
        if not self._directory.temporary_access_pass:
            message = "Temporary Access Pass is disabled by the authentication methods policy."
            raise graph_error(400, "badRequest", message)
        if not 10 <= minutes <= 43200:
            message = "lifetimeInMinutes must be between 10 and 43200."
            raise graph_error(400, "badRequest", message)
        made = {
            "@odata.type": _PASS,
            "id": str(uuid.uuid4()),
            "createdDateTime": now_text(),
            "startDateTime": now_text(),
            "lifetimeInMinutes": minutes,
            "isUsableOnce": bool(call.body.get("isUsableOnce")),
            "isUsable": True,
            "methodUsabilityReason": "EnabledByPolicy",
        }
        self._directory.replica.about_to_change(account, "authenticationMethods")
        methods = account.sections["authenticationMethods"]
        kept = [method for method in methods if method["@odata.type"] != _PASS]
        account.sections["authenticationMethods"] = [*kept, made]
        value = secrets.token_urlsafe(9)
        return Answer(201, {**made, "temporaryAccessPass": value}, effect=True)

    async def delete(self, call: Call) -> Answer:
        """Remove one method; its kind must be the one the path names.

        An administrator's methods need a directory role (Graph's table of roles); a default method
        stays as long as others are registered.
        """
        account = self._account(call)
        memberships = account.sections["transitiveMemberOf"]
        if not may_act(self._directory.app_roles, memberships, role_needed=False):
            raise graph_error(403, "accessDenied", "Request Authorization failed")
        parameter, method_id = next((k, v) for k, v in call.params.items() if k != "user-id")
        kind = f"#microsoft.graph.{parameter.removesuffix('-id')}"
        methods: list[dict[str, Any]] = account.sections["authenticationMethods"]
        wanted = next(
            (m for m in methods if (m["id"], m["@odata.type"]) == (method_id, kind)), None
        )
        if wanted is None:
            raise graph_error(404, "resourceNotFound", "The authentication method was not found.")
        others = [m for m in methods if m is not wanted and m["@odata.type"] != _PASSWORD]
        if others and wanted is _default(account):
            message = (
                "Cannot delete default method with other methods configured. Please change default "
                "method before deletion."
            )
            raise graph_error(400, "badRequest", message)
        self._directory.replica.about_to_change(account, "authenticationMethods")
        account.sections["authenticationMethods"] = [m for m in methods if m is not wanted]
        return Answer(204, effect=True, detail={"removed": method_id})


def _default(account: Account) -> dict[str, Any] | None:
    """The method that the user is asked for: the first one of the preferred kind."""
    details = account.sections["registrationDetails"] or {}
    kind = _DEFAULTS.get(details.get("userPreferredMethodForSecondaryAuthentication", ""))
    named = f"#microsoft.graph.{kind}AuthenticationMethod"
    found = account.sections["authenticationMethods"]
    return next((m for m in found if m["@odata.type"] == named), None)
