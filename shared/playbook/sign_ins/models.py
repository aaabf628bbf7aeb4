"""What the analysis of an account's sign-ins says: outputs of ``AzureAD_SignIn_Log_Analysis``."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.signin import MfaResult
from shared.playbook.sign_ins.detection import BruteForce, GuessingRun
from shared.playbook.sign_ins.neighbours import AddressUse

REPORTED_BY_ALERT = "reported by the alert"
"""``id`` of a success that only the alert tells of: there is no row."""


class SuccessfulLogin(Model):
    """The suspicious success: the seed's ``successful_login_details``."""

    id: str
    time: UtcDatetime
    address: str | None
    country: str | None
    city: str | None
    asn: int | None = None
    """Autonomous system of the address, as the log has it."""
    device_id: str | None
    device: str | None
    device_compliant: bool | None
    operating_system: str | None
    browser: str | None
    user_agent: str | None
    app: str | None
    client_app: str | None
    interactive: bool
    authentication_requirement: str | None
    authentication_methods: list[str]
    conditional_access_status: str | None
    risk_level: str | None
    risk_state: str | None = None
    trusted_location: bool | None = None
    authentication_protocol: str | None = None
    session_id: str | None = None
    correlation_id: str | None
    directory: str | None = None
    """The directory whose log shows it; ``None`` when only the alert tells of it."""

    @classmethod
    def supposed(cls, address: str, time: datetime) -> "SuccessfulLogin":
        """Return a success of which only address and time are supposed."""
        empty: dict[str, Any] = dict.fromkeys(cls.model_fields)
        known = {"id": "supposed", "time": time, "address": address, "interactive": True}
        return cls.model_validate(empty | known | {"authentication_methods": []})


class SessionElsewhere(Model):
    """An earlier use of the same session or token that cannot be the same machine's."""

    what: str
    """``session`` or ``token``."""
    at: UtcDatetime
    address: str | None
    country: str | None
    device: str | None
    misfit: str
    """What does not fit, in words."""


class CodeCount(Model):
    """How many attempts ended with one result code."""

    code: str
    meaning: str
    count: int


class FailedLogins(Model):
    """The failures before the success: the seed's ``failed_login_details``, bounded."""

    by_code: list[CodeCount] = Field(default_factory=list)
    first_at: UtcDatetime | None = None
    last_at: UtcDatetime | None = None
    addresses: list[str] = Field(default_factory=list)
    user_agents: list[str] = Field(default_factory=list)


class SignInAnalysis(Model):
    """Everything the playbook knows from the sign-in log about one account.

    The first five fields are the seed's outputs. A value of ``None`` means that it could not be
    said; ``notes`` says why in words.
    """

    successful_login_details: SuccessfulLogin | None = None
    mfa_result_successful_login: MfaResult | None = None
    login_location_variance: float | None = None
    """Distance in km from the nearest usual place; 0 is a usual place."""
    failed_logins_count: int = 0
    """Guesses from the suspicious address in the window before the success (or the last try)."""
    failed_login_details: FailedLogins = Field(default_factory=FailedLogins)

    success_only_reported: bool = False
    """The alert reports the success and the log does not show it: its details are the alert's."""
    attempts: int = 0
    """Sign-ins read; 0 means that the log knows nothing of the account."""
    suspicious_address: str | None = None
    brute_force: BruteForce | None = None
    """The seed's trigger, when the log confirms it for the suspicious address."""
    guessing_run: GuessingRun | None = None
    """The densest run of guesses from the suspicious address, whatever came of it."""
    guesses: int = 0
    """Guesses from the suspicious address in the whole look-back of 72 hours."""
    first_guess_at: UtcDatetime | None = None
    guessing_countries: list[str] = Field(default_factory=list)
    """Countries that wrong passwords came from in the day before, from any address."""
    address_use: AddressUse | None = None
    """What the address did to other accounts; ``None`` when that could not be asked."""
    stopped_by_mfa: int = 0
    """Attempts with the right password that a second factor stopped."""
    stopped_by_policy: int = 0
    """Attempts with the right password that conditional access stopped."""
    password_known: bool = False
    """Whether the suspicious address has given the right password."""
    mfa_refusals: int = 0
    """Second factors refused or not answered (500121) in the hour before the success."""
    first_seen_address: bool | None = None
    travel_km: float | None = None
    travel_km_per_hour: float | None = None
    """Distance and speed from the last success elsewhere to the suspicious one."""
    new_country: bool | None = None
    new_network: bool | None = None
    """Autonomous system that the account never succeeded from."""
    usual_network: bool | None = None
    """Autonomous system that the account often comes from, be it a VPN."""
    new_device: bool | None = None
    new_app: bool | None = None
    new_device_code: bool | None = None
    """A token was given to another device by a code, for the first time."""
    platforms: list[str] = Field(default_factory=list)
    """Operating systems that gave the right password at the suspicious address within minutes of
    the sign-in; empty when the log names none."""
    unusual_hour: bool | None = None
    legacy_protocol: bool | None = None
    usual_client: bool | None = None
    """The account has long used this kind of client."""
    usual_without_mfa: bool | None = None
    """From this address, or with this program there, it has long been without a second factor."""
    session_named: bool = False
    """Whether the log names session or token; without it the next field says nothing."""
    session_elsewhere: SessionElsewhere | None = None
    refresh_without_sign_in: bool | None = None
    """A token is used in a new country in which no person signed in."""
    everything_new: bool | None = None
    """The token theft detection: country, network, address and machine are all new at once."""
    history_successes: int = 0
    history_days: int = 0
    thin_history: bool = True
    mfa_status_at_login: str | None = None
    last_known_logon_location: str | None = None
    last_known_logon_time: UtcDatetime | None = None
    """The last success before the attack, from another place when there is one."""
    notes: list[str] = Field(default_factory=list)
