"""The ``Directory`` port on Microsoft Graph.

Every change is its own request: a 403 on one property of a PATCH would lose the others. One whose
answer was lost may have happened: it is raised, and the caller looks before it tries again.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel

from shared.errors import NotFound, NotSupported
from shared.models.base import Json
from shared.models.directory import (
    AccountState,
    DirectoryUser,
    Memberships,
    MfaRegistration,
    UserRisk,
)
from shared.providers.entra.domains import Domains
from shared.providers.entra.eligibility import Eligibility
from shared.providers.entra.graph import VENDOR, Graph, with_body
from shared.providers.entra.models import (
    STATE_FIELDS,
    USER_FIELDS,
    DirectoryObject,
    Nothing,
    RegistrationDetails,
    RevokeAnswer,
    State,
    User,
)
from shared.providers.entra.passwords import random_password
from shared.providers.entra.population import Population
from shared.providers.entra.privileged import PrivilegedUsers
from shared.providers.entra.risk import IdentityProtection
from shared.providers.entra.sdk import sdk_is_imported
from shared.providers.retry import Retry
from shared.settings import Settings

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

PAGE_SIZE = 999
"""Graph's largest page of directory objects."""


class Entra:
    """Reads about and contains accounts of one Entra tenant."""

    name = VENDOR
    lag_seconds = 2.0
    """Reads may come from a replica that is behind; a retry comes two seconds later besides."""

    def __init__(self, settings: Settings, graph: Graph | None = None) -> None:
        self._graph = graph or Graph(settings)
        self._risk = IdentityProtection(self._graph)
        self._domains = Domains(self._graph)
        self._eligibility = Eligibility(self._graph)
        self._population = Population(self._graph)
        self._privileged = PrivilegedUsers(self._graph)

    async def warm_up(self) -> None:
        """Import the SDK's parts that are used and build its client, without any request."""
        await sdk_is_imported()
        _ = self._graph.client

    async def get_user(self, user_id: str) -> DirectoryUser:
        """Return the account by object id or user principal name."""
        user = await self._read_user("users.get", user_id, USER_FIELDS, User)
        return DirectoryUser(
            object_id=user.id,
            user_principal_name=user.user_principal_name,
            display_name=user.display_name,
            account_enabled=user.account_enabled,
            user_type=user.user_type,
            on_premises_sync_enabled=bool(user.on_premises_sync_enabled),
            on_premises_sam_account_name=user.on_premises_sam_account_name,
            department=user.department,
            job_title=user.job_title,
            usage_location=user.usage_location,
            mail_addresses=user.mail_addresses,
            created_at=user.created,
            sign_in_sessions_valid_from=user.sessions_valid_from,
            last_password_change_at=user.password_changed,
        )

    async def get_memberships(self, object_id: str) -> Memberships:
        """Return transitive groups and active directory roles."""
        found = await self._member_of(object_id)
        return Memberships(
            groups=[item.label for item in found if item.kind == "#microsoft.graph.group"],
            roles=[item.label for item in found if item.kind == "#microsoft.graph.directoryRole"],
        )

    async def get_eligible_roles(self, object_id: str) -> list[str]:
        """Return the directory roles that the account may activate; none without a P2 licence."""
        return await self._eligibility.roles_of(object_id)

    async def get_mfa_registration(self, object_id: str) -> MfaRegistration:
        """Return the registered methods; all unknown when the report has no row yet."""

        def build() -> "RequestInformation":
            details = self._graph.client.reports.authentication_methods.user_registration_details
            return details.by_user_registration_details_id(object_id).to_get_request_information()

        try:
            answer = await self._graph.send(
                "userRegistrationDetails.get", build, RegistrationDetails
            )
        except NotFound:
            return MfaRegistration()
        return MfaRegistration(
            mfa_enabled=answer.is_mfa_capable,
            is_admin=answer.is_admin,
            methods=answer.methods_registered,
        )

    async def get_risk(self, object_id: str, *, urgent: bool = False) -> UserRisk | None:
        """Return Identity Protection's view; ``None`` without an entry or without a P2 licence."""
        return await self._risk.get(object_id, urgent=urgent)

    async def federated_domain(self, user: DirectoryUser) -> str | None:
        """Return the domain of the account when it is federated; a domain is read once."""
        domain = user.user_principal_name.rpartition("@")[2].lower()
        return domain if await self._domains.is_surely_federated(domain) else None

    async def count_users(self) -> int | None:
        """Return how many users may sign in; ``None`` when Graph cannot tell now."""
        return await self._population.count()

    async def count_privileged(self) -> int | None:
        """Return how many users hold a directory role or may activate one, at least."""
        return await self._privileged.count()

    async def get_state(self, object_id: str) -> AccountState:
        """Return the facts that containment changes, fresh."""
        state = await self._read_user("users.get", object_id, STATE_FIELDS, State)
        return AccountState(
            account_enabled=state.account_enabled,
            sign_in_sessions_valid_from=state.sessions_valid_from,
            last_password_change_at=state.password_changed,
            object_id=state.id,
            user_principal_name=state.user_principal_name,
            on_premises_sync_enabled=bool(state.on_premises_sync_enabled),
        )

    async def revoke_sessions(self, object_id: str) -> None:
        """Invalidate refresh tokens and session cookies (takes effect within minutes)."""

        def build() -> "RequestInformation":
            user = self._graph.client.users.by_user_id(object_id)
            return user.revoke_sign_in_sessions.to_post_request_information()

        await self._graph.send(
            "revokeSignInSessions",
            build,
            RevokeAnswer,
            ok=range(200, 205),
            retry=Retry.IF_NOT_PROCESSED,
        )

    async def reset_password(
        self, object_id: str, *, known: AccountState | None = None
    ) -> str | None:
        """Replace the password by a random one that is dropped at once, change forced.

        Args:
            object_id: whose.
            known: the account as it was just read, which spares reading it here.

        Returns:
            Why nobody may ever ask for the new password, where that is not known.

        Raises:
            NotSupported: the password lives elsewhere (synced from on-premises, a guest's, or that
                of a federated domain).
        """
        name, is_synced = await self._name_and_master(object_id, known)
        if is_synced:
            raise NotSupported(
                "the account is mastered on-premises: reset its password twice in Active Directory",
                vendor=VENDOR,
                operation="users.patch",
            )
        if "#EXT#" in name.upper():
            raise NotSupported(
                "the account is a guest: its password belongs to its home tenant",
                vendor=VENDOR,
                operation="users.patch",
            )
        domain = name.rpartition("@")[2].lower()
        federated, doubt = await self._domains.ask(domain)
        if federated:
            raise NotSupported(
                f"the domain {domain} is federated: another identity provider checks the password, "
                "and a new one here keeps nobody out; reset it there",
                vendor=VENDOR,
                operation="users.patch",
            )
        password = random_password()
        profile = {"password": password, "forceChangePasswordNextSignIn": True}
        await self._patch_user(object_id, {"passwordProfile": profile}, secrets=(password,))
        return doubt

    async def _name_and_master(
        self, object_id: str, known: AccountState | None
    ) -> tuple[str, bool]:
        """Return the account's name, and whether it is mastered on-premises."""
        name = known.user_principal_name if known else None
        if known is None or name is None or known.on_premises_sync_enabled is None:
            user = await self.get_user(object_id)
            return user.user_principal_name, user.on_premises_sync_enabled
        return name, known.on_premises_sync_enabled

    async def set_enabled(self, object_id: str, *, enabled: bool) -> None:
        """Enable or disable sign-in."""
        await self._patch_user(object_id, {"accountEnabled": enabled})

    async def confirm_compromised(self, object_id: str) -> None:
        """Set the account's risk to high in Identity Protection (takes effect later)."""
        await self._risk.confirm(object_id)

    async def dismiss_risk(self, object_id: str) -> None:
        """Set the account's risk to none in Identity Protection (takes effect later)."""
        await self._risk.dismiss(object_id)

    async def _read_user[M: BaseModel](
        self, operation: str, user_id: str, fields: list[str], model: type[M]
    ) -> M:
        def build() -> "RequestInformation":
            from kiota_abstractions.base_request_configuration import RequestConfiguration
            from msgraph.generated.users.item.user_item_request_builder import (
                UserItemRequestBuilder,
            )

            query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=fields)
            return self._graph.client.users.by_user_id(user_id).to_get_request_information(
                RequestConfiguration(query_parameters=query)
            )

        return await self._graph.send(operation, build, model)

    async def _patch_user(
        self, object_id: str, change: Json, *, secrets: tuple[str, ...] = ()
    ) -> None:
        def build() -> "RequestInformation":
            return with_body("PATCH", self._graph.client.users.by_user_id(object_id), change)

        once = Retry.IF_NOT_PROCESSED
        await self._graph.send(
            "users.patch", build, Nothing, ok=(200, 204), secrets=secrets, retry=once
        )

    async def _member_of(self, object_id: str) -> list[DirectoryObject]:
        def build(link: str | None) -> "RequestInformation":
            from kiota_abstractions.base_request_configuration import RequestConfiguration
            from msgraph.generated.users.item.transitive_member_of import (
                transitive_member_of_request_builder as module,
            )

            builder = self._graph.client.users.by_user_id(object_id).transitive_member_of
            if link:
                return builder.with_url(link).to_get_request_information()
            parameters = module.TransitiveMemberOfRequestBuilder
            query = parameters.TransitiveMemberOfRequestBuilderGetQueryParameters(
                select=["id", "displayName"], top=PAGE_SIZE
            )
            return builder.to_get_request_information(RequestConfiguration(query_parameters=query))

        return await self._graph.collect("transitiveMemberOf", build, DirectoryObject)
