"""The ``AccessPasses`` port on Microsoft Graph v1.0: Temporary Access Passes.

An account has one at most. Its value is in the answer that makes it and nowhere after that, so
that a pass whose answer was lost is of no use to anybody and is taken away again
(learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods).
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.errors import NotFound, RetryableError, Throttled, TourniquetError
from shared.models.access_pass import AccessPass
from shared.models.persistence import AuthenticationMethod
from shared.providers.entra.graph import VENDOR, Graph, with_body
from shared.providers.entra.methods import EntraMethods
from shared.providers.entra.models import CreatedPass
from shared.providers.retry import NotSent, Retry

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

KIND = "temporaryAccessPass"
OPERATION = "temporaryAccessPassMethods.post"
LOOKS = (0.0, 1.0, 2.0, 4.0)
"""Waits in seconds before each look for a pass whose answer was lost: reads lag behind writes."""


class EntraAccessPasses:
    """Issues and withdraws passes of one Entra tenant's accounts."""

    def __init__(self, graph: Graph, *, looks: Sequence[float] = LOOKS) -> None:
        self._graph = graph
        self._methods = EntraMethods(graph)
        self._looks = looks

    async def issue(self, object_id: str, *, minutes: int) -> AccessPass:
        """Make a pass for one use; one that is there is removed first.

        Raises:
            RetryableError: none was made, or the answer was lost; then it says what became of it.
            PermanentError: 400, the tenant's policy does not allow it, in Graph's own words.
            PermissionDenied: 403, an administrator's pass needs a stronger directory role.
        """
        before = await self._remove(object_id, keep=())

        def build() -> "RequestInformation":
            owner = self._graph.client.users.by_user_id(object_id).authentication
            body = {"isUsableOnce": True, "lifetimeInMinutes": minutes}
            return with_body("POST", owner.temporary_access_pass_methods, body)

        try:
            made = await self._graph.send(
                "temporaryAccessPassMethods.post",
                build,
                CreatedPass,
                ok=range(200, 300),
                retry=Retry.IF_NOT_PROCESSED,
            )
        except (NotSent, Throttled):
            raise
        except RetryableError as error:
            lost = await self._after_lost(object_id, before, minutes, error.status)
        else:
            start = made.start or datetime.now(UTC)
            length = timedelta(minutes=made.minutes or minutes)
            return AccessPass(id=made.id, value=made.value, valid_until=start + length)
        # Not chained: what a garbled answer is refused with may quote the answer.
        raise lost

    async def withdraw(self, object_id: str, pass_id: str) -> None:
        """Remove a pass; one that is gone is fine."""
        method = AuthenticationMethod(id=pass_id, kind=KIND, label="Temporary Access Pass")
        try:
            await self._methods.remove_method(object_id, method)
        except NotFound:
            return

    async def _remove(self, object_id: str, *, keep: Collection[str]) -> set[str]:
        found = [
            one.id
            for one in await self._methods.list_methods(object_id)
            if one.kind == KIND and one.id not in keep
        ]
        for one in found:
            await self.withdraw(object_id, one)
        return set(found)

    async def _after_lost(
        self, object_id: str, before: set[str], minutes: int, status: int | None
    ) -> RetryableError:
        """Take away what was made without an answer, and say what became of it."""
        said = f"no usable answer{f' (HTTP {status})' if status else ''}"
        try:
            for wait in self._looks:
                await asyncio.sleep(wait)
                if await self._remove(object_id, keep=before):
                    return _error(f"{said}; the pass that was made is deleted, nobody has seen it")
        except TourniquetError as error:
            why = f"whether one was made could not be looked up ({error.describe()})"
            return _error(f"{said}; {why}; nobody has seen it, it ends within {minutes} minutes")
        return _error(f"{said}; no new pass shows on the account, and nobody has seen one")


def _error(message: str) -> RetryableError:
    return RetryableError(message, vendor=VENDOR, operation=OPERATION)
