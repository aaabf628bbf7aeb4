"""What the vendors behind Azure Resource Manager share: token, error body."""

from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Answer, Call
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor

_AUDIENCES = ["https://management.azure.com", "https://management.core.windows.net"]


def arm_error(status: int, code: str, message: str) -> Answer:
    """Resource Manager's error body."""
    return Answer(status, {"error": {"code": code, "message": message}})


class ArmVendor(Vendor):
    """A resource provider."""

    def __init__(self, authority: TokenAuthority, specification: Specification) -> None:
        self._authority = authority
        self.specification = specification

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token for Resource Manager."""
        try:
            self._authority.check(call.headers.get("Authorization"), _AUDIENCES)
        except TokenError as error:
            code = "AuthenticationFailed" if call.headers.get("Authorization") else "Missing"
            answer = arm_error(401, code, f"Authentication failed. {error}")
            answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return answer
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """Name the rule that was broken with Resource Manager's code for it."""
        if status == 404:
            return arm_error(
                404, "InvalidResourceType", f"The resource type was not found: {message}"
            )
        if status == 405:
            return arm_error(405, "MethodNotAllowed", message)
        if "api-version" in message:
            missing = "missing" in message
            code = "MissingApiVersionParameter" if missing else "NoRegisteredProviderFound"
            return arm_error(400, code, message)
        return arm_error(400, "InvalidRequestContent", message)
