"""What the identity provider knows about an account."""

from pydantic import Field

from shared.models.base import Json, Model, UtcDatetime

ENTRA = "entra"
OKTA = "okta"


class DirectoryUser(Model):
    """The account as the directory has it, with the facts that decide what may be done."""

    object_id: str
    user_principal_name: str
    display_name: str | None = None
    account_enabled: bool | None = None
    user_type: str | None = None
    """``Member`` or ``Guest``."""
    on_premises_sync_enabled: bool = False
    """True: mastered on-premises; password and state cannot be changed for good in the cloud."""
    on_premises_sam_account_name: str | None = None
    """The name by which computers and firewalls on-premises know the account."""
    department: str | None = None
    job_title: str | None = None
    usage_location: str | None = None
    mail_addresses: list[str] = Field(default_factory=list)
    """Where mail reaches the owner, each once: it need not be the principal name."""
    created_at: UtcDatetime | None = None
    sign_in_sessions_valid_from: UtcDatetime | None = None
    last_password_change_at: UtcDatetime | None = None
    status: str | None = None
    """The directory's own word for the account's status, where it has one (Okta)."""

    @property
    def on_premises_name(self) -> str | None:
        """The name on-premises; empty where there is none, ``None`` where it is not told."""
        return self.on_premises_sam_account_name or (None if self.on_premises_sync_enabled else "")


class Memberships(Model):
    """Groups and directory roles, transitive."""

    groups: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)


class MfaRegistration(Model):
    """Registered authentication methods; ``mfa_enabled`` is the seed's word for capable of MFA."""

    mfa_enabled: bool | None = None
    is_admin: bool | None = None
    methods: list[str] = Field(default_factory=list)


class UserRisk(Model):
    """Identity Protection's view (needs Entra ID P2)."""

    level: str
    state: str
    detail: str | None = None
    last_updated_at: UtcDatetime | None = None


class AccountState(Model):
    """Read-back of an account before and after containment."""

    account_enabled: bool | None = None
    sign_in_sessions_valid_from: UtcDatetime | None = None
    """Okta: when its System Log last says that sessions were cleared."""
    last_password_change_at: UtcDatetime | None = None
    """Since when the password before is worthless."""
    status: str | None = None
    """The directory's own word for the account's status, where it has one (Okta)."""
    password_reset_pending: bool = False
    """Nobody signs in until the owner has set a new password."""
    unknown: dict[str, str] = Field(default_factory=dict)
    """Name of a field above to the reason why the directory cannot tell it."""
    object_id: str | None = None
    user_principal_name: str | None = None
    """By what name the account is in the directory now (Okta: its login)."""
    on_premises_sync_enabled: bool | None = None
    """True: mastered on-premises."""


class ReputationReport(Model):
    """One threat-intelligence source's opinion on one address."""

    source: str
    score: int | None = Field(ge=0, le=100)
    """0 harmless to 100 malicious, as the source means it (mapping in its provider); ``None``: it
    has never seen the address."""
    matches: list[str] = Field(default_factory=list)
    """Feed or category names, for example ``AbuseIPDB: 412 reports``."""
    is_anonymiser: bool | None = None
    benign_service: bool = False
    common_service: str | None = None
    """The service that the address belongs to, when blocking it would cut off many others."""
    raw: Json = Field(default_factory=dict)


class GeoLocation(Model):
    """Where an address is, and whose network it is in."""

    country: str | None = None
    """ISO 3166-1 alpha-2."""
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    network: str | None = None
    """Name of the autonomous system's organisation."""
    is_vpn_proxy_service: bool | None = None
    is_hosting: bool | None = None
    is_tor: bool | None = None
