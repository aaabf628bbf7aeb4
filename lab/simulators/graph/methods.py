"""Authentication methods: listing, and removing at the address of a method's kind."""

from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Account, Directory, graph_error
from lab.simulators.graph.odata import collection
from lab.simulators.graph.roles import may_act

KINDS = (
    "email", "fido2", "microsoftAuthenticator", "phone", "platformCredential", "softwareOath",
    "temporaryAccessPass", "windowsHelloForBusiness",
)  # fmt: skip
_PASSWORD = "#microsoft.graph.passwordAuthenticationMethod"  # noqa: S105 - the type's name
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
