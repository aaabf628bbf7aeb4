"""Microsoft Graph as one vendor: token, errors, and the operations of its parts."""

import math
import re
from typing import Any, ClassVar

from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Directory, error_answer
from lab.simulators.graph.domains import Domains
from lab.simulators.graph.eligibility import Eligibility
from lab.simulators.graph.grants import Grants
from lab.simulators.graph.limits import Limits
from lab.simulators.graph.mailbox import Mailbox
from lab.simulators.graph.methods import Methods
from lab.simulators.graph.mime import from_mime
from lab.simulators.graph.permissions import RequestPermissions
from lab.simulators.graph.protection import Protection
from lab.simulators.graph.reports import Reports, Tables
from lab.simulators.graph.users import Users
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor
from shared.permissions import DIRECTORY_ROLES, NEEDS

_PRINCIPAL = re.compile(r"principalId eq '(?P<id>[^']+)'")
_VENDORS = ("entra", "graph_mail")
_ASKED_FOR = frozenset(
    name for need in NEEDS if need.vendor in _VENDORS for name in need.operations
)
"""Operations for which the app asks for a permission; others are simulated for completeness."""
AUDIENCES = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
_OPTIONS = re.compile(r"\$(select|filter|expand|top|skip|skiptoken|orderby|count|search|format)")


class Graph(Vendor):
    """See the package's docstring for the operations."""

    name: ClassVar[str] = "entra"

    def __init__(self, authority: TokenAuthority, directory: Directory, tables: Tables) -> None:
        self._authority = authority
        self.directory = directory
        self.specification = Specification("microsoft-graph.json")
        schemas = self.specification.document["components"]["schemas"]
        properties = set(schemas["microsoft.graph.user"]["properties"])
        self._parts = (
            Users(directory, properties),
            Methods(directory),
            Grants(directory),
            Domains(directory),
            Eligibility(directory),
            Protection(directory),
            Mailbox(directory),
            Reports(directory, tables),
        )
        self.limits = Limits()
        self._served = self.operations()
        self._permissions = RequestPermissions()

    def operations(self) -> dict[str, Operation]:
        """Everything the parts serve."""
        return {key: value for part in self._parts for key, value in part.operations().items()}

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token for Graph, with a permission that serves what the app's table names."""
        try:
            self._authority.check(call.headers.get("Authorization"), AUDIENCES)
        except TokenError as error:
            return error_answer(401, "InvalidAuthenticationToken", str(error))
        found = self.specification.match(call.method, call.path)
        operation = self._served.get(found[0].id) if found else None
        if found is None or operation is None or operation.name not in _ASKED_FOR:
            return None
        if (seconds := self.limits.refuse(operation.name)) is not None:
            return _too_many(seconds if operation.name == "userRegistrationDetails" else None)
        held = self._authority.permissions(AUDIENCES[0])
        if self._permissions.lacking(call.method, found[0].template, call.body, held) is None:
            return None
        message = "Insufficient privileges to complete the operation."
        return error_answer(403, "Authorization_RequestDenied", message)

    def unmatched(self, call: Call) -> Operation | None:
        """Serve the app's own role assignments, which are no part of the specification here."""
        if call.method == "GET" and call.path == "/roleManagement/directory/roleAssignments":
            return Operation("roleAssignments.list", self._role_assignments, "$filter")
        return None

    async def _role_assignments(self, call: Call) -> Answer:
        claims = self._authority.check(call.headers.get("Authorization"), AUDIENCES)
        if "RoleManagement.Read.Directory" not in self._authority.permissions(AUDIENCES[0]):
            message = "Insufficient privileges to complete the operation."
            return error_answer(403, "Authorization_RequestDenied", message)
        if "$filter" not in call.query:
            return Answer(200, {"value": self._people_with_roles()})
        found = _PRINCIPAL.fullmatch(call.query["$filter"])
        if found is None:
            return error_answer(400, "Request_BadRequest", "Invalid filter clause")
        held = self.directory.app_roles if found["id"] == claims["oid"] else []
        value = [
            {
                "id": f"assignment-{number}",
                "principalId": claims["oid"],
                "directoryScopeId": "/",
                "roleDefinitionId": role.template_id,
            }
            for number, role in enumerate(DIRECTORY_ROLES)
            if role.name in held
        ]
        return Answer(200, {"value": value})

    def _people_with_roles(self) -> list[dict[str, Any]]:
        """Every assignment: those of the app, and of users, whose roles are all direct here."""
        app = {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "app"}
        given = [(app, name) for name in self.directory.app_roles]
        given += [
            ({"@odata.type": "#microsoft.graph.user", "id": account.id}, role["id"])
            for account in self.directory.accounts.values()
            for role in account.sections["transitiveMemberOf"] or ()
            if role["@odata.type"] == "#microsoft.graph.directoryRole"
        ]
        return [
            {
                "id": f"assignment-{number}",
                "principalId": principal["id"],
                "directoryScopeId": "/",
                "roleDefinitionId": role,
                "principal": principal,
            }
            for number, (principal, role) in enumerate(given)
        ]

    def refuse(self, status: int, message: str) -> Answer:
        """OData error body."""
        code = "Request_BadRequest" if status == 400 else "BadRequest"
        return error_answer(400 if status == 404 else status, code, message)

    def prepare(self, call: Call) -> str | None:
        """Turn a mail in MIME into the JSON that it stands for, and check its headers."""
        if not isinstance(call.body, str):
            return None
        try:
            call.body = from_mime(call.body)
        except ValueError as error:
            return f"body is not base64-encoded MIME content: {error}"
        return None

    def extra_violation(self, call: Call) -> str | None:
        """Refuse system query options that OData does not have."""
        wrong = (n for n in call.query if n.startswith("$") and not _OPTIONS.fullmatch(n))
        return next((f"query option {name} is not recognised" for name in wrong), None)

    def reset(self) -> None:
        """Empty the directory."""
        self.directory.reset()

    def snapshot(self) -> dict[str, Any]:
        """The directory as a tenant file."""
        return {"directory": self.directory.snapshot(), "sentMail": self.directory.sent_mail}


def _too_many(retry_after: float | None) -> Answer:
    """Graph's 429; Identity Protection does not say after how long."""
    answer = error_answer(429, "TooManyRequests", "Too many requests.")
    if retry_after is not None:
        answer.headers["Retry-After"] = str(math.ceil(retry_after))
    return answer
