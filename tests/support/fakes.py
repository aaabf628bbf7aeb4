"""Small in-memory implementations of the ports, which can be told to fail."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.bootstrap import Providers
from shared.errors import NotSupported
from shared.models.base import Json
from shared.models.directory import (
    AccountState,
    DirectoryUser,
    GeoLocation,
    Memberships,
    MfaRegistration,
    ReputationReport,
    UserRisk,
)
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.models.query import QueryLanguage, QueryResult
from shared.models.signin import SignInLogResult
from shared.models.trusted import TrustedLocation, TrustedLocations
from tests.support.fake_campaigns import FakeCampaigns
from tests.support.fake_persistence import FakeGrants, FakeMailbox, FakeMethods, FakePasses
from tests.support.fake_stores import (
    Fake,
    FakeCases,
    FakeEvidence,
    FakeNotifier,
    FakeOpenCases,
    FakeTicketing,
)
from tests.support.scripts import NAME, OBJECT_ID

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
T1 = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


class FakeDirectory(Fake):
    """One account; an effect moves the state as the real directory does."""

    name = "entra"
    lag_seconds = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.user = DirectoryUser(
            object_id=OBJECT_ID, user_principal_name=NAME, display_name="Ada Lind"
        )
        self.memberships = Memberships()
        self.mfa = MfaRegistration(mfa_enabled=True, is_admin=False, methods=["password", "push"])
        self.risk: UserRisk | None = None
        self.risk_urgent: list[bool] = []
        self.eligible: list[str] = []
        self.federated: str | None = None
        self.users: int | None = 2000
        self.privileged: int | None = 100
        self.state = AccountState(
            account_enabled=True, sign_in_sessions_valid_from=T0, last_password_change_at=T0
        )

    async def get_user(self, user_id: str) -> DirectoryUser:
        self._call("get_user")
        return self.user

    async def get_memberships(self, object_id: str) -> Memberships:
        self._call("get_memberships")
        return self.memberships

    async def get_eligible_roles(self, object_id: str) -> list[str]:
        self._call("get_eligible_roles")
        return self.eligible

    async def get_mfa_registration(self, object_id: str) -> MfaRegistration:
        self._call("get_mfa_registration")
        return self.mfa

    async def get_risk(self, object_id: str, *, urgent: bool = False) -> UserRisk | None:
        self._call("get_risk")
        self.risk_urgent.append(urgent)
        return self.risk

    async def federated_domain(self, user: DirectoryUser) -> str | None:
        self._call("federated_domain")
        return self.federated

    async def count_users(self) -> int | None:
        self._call("count_users")
        return self.users

    async def count_privileged(self) -> int | None:
        self._call("count_privileged")
        return self.privileged

    async def get_state(self, object_id: str) -> AccountState:
        self._call("get_state")
        return self.state

    async def revoke_sessions(self, object_id: str) -> None:
        self._call("revoke_sessions")
        self.state = self.state.model_copy(update={"sign_in_sessions_valid_from": T1})

    async def reset_password(self, object_id: str, *, known: AccountState | None = None) -> None:
        self._call("reset_password")
        self.state = self.state.model_copy(update={"last_password_change_at": T1})

    async def set_enabled(self, object_id: str, *, enabled: bool) -> None:
        self._call("set_enabled")
        self.state = self.state.model_copy(update={"account_enabled": enabled})

    async def confirm_compromised(self, object_id: str) -> None:
        self._call("confirm_compromised")
        self.risk = UserRisk(level="high", state="confirmedCompromised")

    async def dismiss_risk(self, object_id: str) -> None:
        self._call("dismiss_risk")
        self.risk = UserRisk(level="none", state="dismissed")


class FakeSignInLog(Fake):
    """Answers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.result = SignInLogResult()
        self.asked: list[tuple[str | None, str | None]] = []
        """By which object id and principal name."""

    async def get_sign_ins(
        self,
        *,
        object_id: str | None,
        user_principal_name: str | None,
        start: datetime,
        end: datetime,
    ) -> SignInLogResult:
        self._call("get_sign_ins")
        self.asked.append((object_id, user_principal_name))
        return self.result


class FakeSiem(Fake):
    """Answers each query by the first table name in it."""

    def __init__(self, language: QueryLanguage = "kql") -> None:
        super().__init__()
        self.language = language
        self.answers: dict[str, QueryResult | Exception] = {}
        self.queries: list[str] = []
        self.comments: dict[str, str] = {}
        self.incident: Json = {"properties": {"status": "New"}}

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        self._call("run_query")
        self.queries.append(query)
        found = next((answer for table, answer in self.answers.items() if table in query), None)
        if isinstance(found, Exception):
            raise found
        return found or QueryResult()

    def takes_comments_on(self, incident_id: str) -> bool:
        return incident_id.startswith("/subscriptions/")

    async def get_incident(self, incident_id: str) -> Json:
        if not self.takes_comments_on(incident_id):
            raise NotSupported("not an incident of this SIEM")
        self._call("get_incident")
        return self.incident

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        self._call("comment_on_incident")
        self.comments[key] = text

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        self._call("look_up_account")
        return None


class FakeReputation(Fake):
    """One source."""

    def __init__(self, name: str = "source", score: int = 90) -> None:
        super().__init__()
        self.name = name
        self.tells_common_services = True
        self._score = score
        self.common_service: str | None = None

    async def lookup(self, address: str) -> ReputationReport:
        self._call("lookup")
        return ReputationReport(
            source=self.name,
            score=self._score,
            matches=["seen before"],
            common_service=self.common_service,
        )


class FakeGeo(Fake):
    """Everything is in Amsterdam."""

    async def locate(self, address: str) -> GeoLocation:
        self._call("locate")
        return GeoLocation(country="NL", city="Amsterdam", asn=64496)


class FakeTrusted(Fake):
    """Trusted named locations, read now."""

    def __init__(self) -> None:
        super().__init__()
        self.locations: list[TrustedLocation] = []
        self.read_at: datetime | None = None

    async def list_trusted(self) -> TrustedLocations:
        self._call("list_trusted")
        return TrustedLocations(locations=self.locations, read_at=self.read_at or datetime.now(UTC))


class FakeFirewall(Fake):
    """A block list that is in force at once, unless told otherwise."""

    name = "firewall"

    def __init__(self) -> None:
        super().__init__()
        self.blocked: set[str] = set()
        self.provisioned = True
        self.ipv4_only = False

    def why_not(self, address: str) -> str | None:
        return "it takes IPv4 only" if self.ipv4_only and ":" in address else None

    async def get_block(self, address: str) -> BlockState:
        self._call("get_block")
        present = address in self.blocked
        return BlockState(rule_id="/ipGroups/1", present=present, provisioned=self.provisioned)

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        self._call("change")
        self.blocked |= {one.address for one in block}
        self.blocked -= set(lift)
        every = [*(one.address for one in block), *lift]
        return dict.fromkeys(every, BlockAnswer(rule_id="/ipGroups/1"))


class FakeHouse:
    """Every port served by a fake, and the fakes by name."""

    def __init__(self) -> None:
        self.directory = FakeDirectory()
        self.sign_in_log = FakeSignInLog()
        self.siem = FakeSiem()
        self.reputation = FakeReputation()
        self.geo = FakeGeo()
        self.trusted = FakeTrusted()
        self.firewall = FakeFirewall()
        self.evidence = FakeEvidence()
        self.cases = FakeCases()
        self.open_cases = FakeOpenCases()
        self.campaigns = FakeCampaigns()
        self.methods = FakeMethods()
        self.grants = FakeGrants()
        self.passes = FakePasses()
        self.mailbox = FakeMailbox()
        self.ticketing = FakeTicketing()
        self.slack = FakeNotifier("slack")
        self.email = FakeNotifier("email")
        self.providers = Providers(
            directory=self.directory,
            sign_in_log=self.sign_in_log,
            siem=self.siem,
            geo=self.geo,
            trusted_networks=self.trusted,
            evidence=self.evidence,
            cases=self.cases,
            authentication_methods={"entra": self.methods},
            grants={"entra": self.grants},
            access_passes=self.passes,
            mailbox=self.mailbox,
            open_cases=self.open_cases,
            campaigns=self.campaigns,
            reputation=[self.reputation],
            firewalls=[self.firewall],
            ticketing=[self.ticketing],
            notifiers=[self.slack, self.email],
        )
