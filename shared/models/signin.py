"""One sign-in, whatever log it came from."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Json, Model, UtcDatetime
from shared.models.directory import ENTRA


class MfaResult(StrEnum):
    """What happened to multifactor authentication at a sign-in.

    Source: ``AuthenticationRequirement``, ``AuthenticationDetails`` and ``Status`` of SigninLogs
    (the Graph v1.0 sign-in has none of them).
    """

    SATISFIED = "satisfied"
    """A second factor was really used at this sign-in."""
    SATISFIED_BY_CLAIM = "satisfied_by_claim"
    """An earlier claim in the token counted as the second factor."""
    NOT_REQUIRED = "not_required"
    DENIED = "denied"
    """A second factor was asked for and refused, failed or not answered."""
    UNKNOWN = "unknown"


class SignIn(Model):
    """One sign-in attempt (several log rows of the same attempt are already one)."""

    id: str
    at: UtcDatetime
    directory: str = ENTRA
    """The directory whose log it is from: ``entra`` or ``okta``."""
    user_id: str | None = None
    user_principal_name: str | None = None
    address: str | None = None
    result_code: str
    """Entra error code as text; ``0`` is success."""
    result_description: str = ""
    interactive: bool = True
    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    app: str | None = None
    client_app: str | None = None
    user_agent: str | None = None
    device_id: str | None = None
    device_name: str | None = None
    device_compliant: bool | None = None
    operating_system: str | None = None
    browser: str | None = None
    authentication_requirement: str | None = None
    authentication_methods: list[str] = Field(default_factory=list)
    mfa_result: MfaResult = MfaResult.UNKNOWN
    conditional_access_status: str | None = None
    risk_level: str | None = None
    risk_state: str | None = None
    """What became of the risk: ``atRisk``, ``dismissed``, ``remediated``, ``confirmedSafe``, ..."""
    trusted_location: bool | None = None
    """Whether the address lies in a named location that an administrator trusts."""
    authentication_protocol: str | None = None
    """``deviceCode`` and ``ropc`` are the ones that attackers like."""
    session_id: str | None = None
    """Everything that comes of one interactive sign-in shares it, whatever the network."""
    token_id: str | None = None
    """``UniqueTokenIdentifier``: one token that was issued."""
    correlation_id: str | None = None
    notes: list[str] = Field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether the sign-in completed (a token was issued)."""
        return self.result_code == "0"


class SignInLogResult(Model):
    """Answer of the sign-in log: events oldest first, and what could not be read."""

    events: list[SignIn] = Field(default_factory=list)
    incomplete: list[str] = Field(default_factory=list)
    """A sentence per table or row range that is missing; empty means complete."""
    query: str = ""
    rows: int = 0


class HuntFinding(Model):
    """What one hunt over the account's activity found."""

    id: str
    title: str
    technique: str | None = None
    count: int
    summary: str
    rows: list[Json] = Field(default_factory=list)
    """A bounded sample of the matching rows."""
