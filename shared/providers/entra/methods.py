"""The ``AuthenticationMethods`` port on Microsoft Graph v1.0.

Graph removes a method at the address of its kind (``phoneMethods``, ``fido2Methods``, ...), and
refuses a default method as long as others are registered (400, "Cannot delete default method with
other methods configured"). Passwords, external methods and QR codes have no such address here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.errors import NotSupported
from shared.models.persistence import AuthenticationMethod
from shared.providers.entra.graph import VENDOR, Graph
from shared.providers.entra.models import Method, Nothing

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_AT: dict[str, Callable[[Any, str], Any]] = {
    "email": lambda a, one: a.email_methods.by_email_authentication_method_id(one),
    "fido2": lambda a, one: a.fido2_methods.by_fido2_authentication_method_id(one),
    "microsoftAuthenticator": lambda a, one: (
        a.microsoft_authenticator_methods.by_microsoft_authenticator_authentication_method_id(one)
    ),
    "phone": lambda a, one: a.phone_methods.by_phone_authentication_method_id(one),
    "platformCredential": lambda a, one: (
        a.platform_credential_methods.by_platform_credential_authentication_method_id(one)
    ),
    "softwareOath": lambda a, one: (
        a.software_oath_methods.by_software_oath_authentication_method_id(one)
    ),
    "temporaryAccessPass": lambda a, one: (
        a.temporary_access_pass_methods.by_temporary_access_pass_authentication_method_id(one)
    ),
    "windowsHelloForBusiness": lambda a, one: (
        a.windows_hello_for_business_methods.by_windows_hello_for_business_authentication_method_id(
            one
        )
    ),
}
"""Kinds that Graph v1.0 can remove, and the request builder of one method of the kind."""

_WORDS = {
    "email": "e-mail address",
    "fido2": "passkey",
    "microsoftAuthenticator": "Microsoft Authenticator",
    "phone": "phone",
    "platformCredential": "platform credential",
    "softwareOath": "authenticator app with codes",
    "temporaryAccessPass": "Temporary Access Pass",
    "windowsHelloForBusiness": "Windows Hello",
}


class EntraMethods:
    """Lists and removes authentication methods of one Entra tenant's accounts."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def list_methods(self, object_id: str) -> list[AuthenticationMethod]:
        """Return every registered method, the password included."""

        def build(link: str | None) -> "RequestInformation":
            builder = self._graph.client.users.by_user_id(object_id).authentication.methods
            return (builder.with_url(link) if link else builder).to_get_request_information()

        found = await self._graph.collect("authentication.methods.list", build, Method)
        return [_method(item) for item in found]

    async def remove_method(self, object_id: str, method: AuthenticationMethod) -> None:
        """Remove one method.

        Raises:
            NotSupported: Graph cannot remove methods of this kind.
            NotFound: it is gone.
            PermanentError: 400, it is the default and others are registered.
            PermissionDenied: 403, an administrator's methods need a stronger directory role.
        """
        at = _AT.get(method.kind)
        if at is None:
            message = f"{method.label}: Microsoft Graph cannot remove a method of this kind"
            raise NotSupported(message, vendor=VENDOR, operation="authentication.methods.delete")

        def build() -> "RequestInformation":
            owner = self._graph.client.users.by_user_id(object_id).authentication
            request: RequestInformation = at(owner, method.id).to_delete_request_information()
            return request

        await self._graph.send("authentication.methods.delete", build, Nothing, ok=(200, 204))


def _method(item: Method) -> AuthenticationMethod:
    name = item.display_name or _tail(item.phone_number) or _masked(item.email_address)
    word = _WORDS.get(item.name, item.name)
    return AuthenticationMethod(
        id=item.id,
        kind=item.name,
        label=f"{word} {name}" if name else word,
        created_at=item.created,
        removable=item.name in _AT,
    )


def _tail(number: str | None) -> str | None:
    return f"ending {number.strip()[-2:]}" if number else None


def _masked(address: str | None) -> str | None:
    name, at, domain = (address or "").partition("@")
    return f"{name[:1]}***@{domain}" if at else None
