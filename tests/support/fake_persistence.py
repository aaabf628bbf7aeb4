"""In-memory sign-in methods, inbox rules and consents of one account."""

import asyncio
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.access_pass import AccessPass
from shared.models.persistence import AuthenticationMethod, ConsentGrant, InboxRule
from tests.support.fake_stores import Fake


class FakeMethods(Fake):
    """Refuses to remove the default method while another one is registered, as Graph does."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[str, AuthenticationMethod] = {}
        self.default = ""
        self.removed: list[str] = []
        self.refusing: dict[str, Exception] = {}
        """Method id to what its removal raises, once for each attempt."""

    def add(self, *methods: AuthenticationMethod) -> None:
        """Register methods."""
        self.methods |= {one.id: one for one in methods}

    async def list_methods(self, object_id: str) -> list[AuthenticationMethod]:
        self._call("list_methods")
        return list(self.methods.values())

    async def remove_method(self, object_id: str, method: AuthenticationMethod) -> None:
        self._call("remove_method")
        if method.id in self.refusing:
            raise self.refusing[method.id]
        if method.id not in self.methods:
            raise NotFound("the method is gone", vendor="entra", status=404)
        others = [one for one in self.methods.values() if one.kind != "password"]
        if method.id == self.default and len(others) > 1:
            raise PermanentError("Cannot delete default method", vendor="entra", status=400)
        del self.methods[method.id]
        self.removed.append(method.id)


class FakePasses(Fake):
    """Makes a pass of which the value is known to the test; one at a time is good."""

    VALUE = "vN7!q-Pass"

    def __init__(self) -> None:
        super().__init__()
        self.good: list[str] = []
        self.minutes: list[int] = []

    async def issue(self, object_id: str, *, minutes: int) -> AccessPass:
        self._call("issue")
        await asyncio.sleep(0)
        self.minutes.append(minutes)
        self.good = [f"pass-{len(self.minutes)}"]
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        return AccessPass(id=self.good[0], value=SecretStr(self.VALUE), valid_until=until)

    async def withdraw(self, object_id: str, pass_id: str) -> None:
        self._call("withdraw")
        self.good.remove(pass_id)


class FakeGrants(Fake):
    """Gives a restored consent a new id, as Graph does."""

    def __init__(self) -> None:
        super().__init__()
        self.grants: dict[str, ConsentGrant] = {}

    def add(self, *grants: ConsentGrant) -> None:
        """Give consents."""
        self.grants |= {one.id: one for one in grants}

    async def list_grants(self, object_id: str) -> list[ConsentGrant]:
        self._call("list_grants")
        return list(self.grants.values())

    async def revoke_grant(self, object_id: str, grant: ConsentGrant) -> None:
        self._call("revoke_grant")
        if self.grants.pop(grant.id, None) is None:
            raise NotFound("the grant is gone", vendor="entra", status=404)

    async def restore_grant(self, object_id: str, grant: ConsentGrant) -> None:
        self._call("restore_grant")
        pair = (grant.client_id, grant.resource_id)
        if any((one.client_id, one.resource_id) == pair for one in self.grants.values()):
            raise Conflict("Permission entry already exists.", vendor="entra", status=409)
        key = f"new-{len(self.calls)}"
        self.grants[key] = grant.model_copy(update={"id": key})


class FakeMailbox(Fake):
    """Rules by id."""

    def __init__(self) -> None:
        super().__init__()
        self.rules: dict[str, InboxRule] = {}
        self.switched: list[tuple[str, bool]] = []

    def add(self, *rules: InboxRule) -> None:
        """Make rules."""
        self.rules |= {one.id: one for one in rules}

    async def list_rules(self, object_id: str) -> list[InboxRule]:
        self._call("list_rules")
        return list(self.rules.values())

    async def set_rule_enabled(self, object_id: str, rule_id: str, *, enabled: bool) -> None:
        self._call("set_rule_enabled")
        self.rules[rule_id] = self.rules[rule_id].model_copy(update={"enabled": enabled})
        self.switched.append((rule_id, enabled))
