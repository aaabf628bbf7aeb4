"""What Okta answers, reduced to what is used."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import UtcDatetime, VendorModel


class UserStatus(StrEnum):
    """``User.status``, as Okta's API description lists it."""

    STAGED = "STAGED"
    PROVISIONED = "PROVISIONED"
    ACTIVE = "ACTIVE"
    RECOVERY = "RECOVERY"
    PASSWORD_EXPIRED = "PASSWORD_EXPIRED"  # noqa: S105 - a status
    LOCKED_OUT = "LOCKED_OUT"
    SUSPENDED = "SUSPENDED"
    DEPROVISIONED = "DEPROVISIONED"


SHUT = frozenset({UserStatus.STAGED, UserStatus.SUSPENDED, UserStatus.DEPROVISIONED})
"""Nobody gets in, whatever they know: it takes an administrator to change that."""
RESET_POSSIBLE = frozenset(
    {
        UserStatus.ACTIVE,
        UserStatus.RECOVERY,
        UserStatus.PASSWORD_EXPIRED,
        UserStatus.LOCKED_OUT,
    }
)
"""Statuses that have a password and let an administrator replace it."""


class Profile(VendorModel):
    """The part of a user's profile that is used."""

    login: str = ""
    display_name: str | None = Field(None, alias="displayName")
    first_name: str | None = Field(None, alias="firstName")
    last_name: str | None = Field(None, alias="lastName")
    department: str | None = None
    title: str | None = None
    country_code: str | None = Field(None, alias="countryCode")
    email: str | None = None
    second_email: str | None = Field(None, alias="secondEmail")

    @property
    def mail_addresses(self) -> list[str]:
        """Main and second address; Okta mails a way to recover the account to both."""
        return list(dict.fromkeys(one for one in (self.email, self.second_email) if one))

    @property
    def name(self) -> str | None:
        """Display name, or first and last name."""
        parts = [part for part in (self.first_name, self.last_name) if part]
        return self.display_name or " ".join(parts) or None


class CredentialProvider(VendorModel):
    """Who holds the password: ``OKTA``, ``ACTIVE_DIRECTORY``, ``LDAP``, ``FEDERATION``, ..."""

    type: str = "OKTA"
    name: str = ""


class Credentials(VendorModel):
    """``User.credentials``; Okta never returns a password."""

    provider: CredentialProvider = CredentialProvider()


class User(VendorModel):
    """``User``."""

    id: str = Field(min_length=1)
    status: str
    created: UtcDatetime | None = None
    status_changed: UtcDatetime | None = Field(None, alias="statusChanged")
    password_changed: UtcDatetime | None = Field(None, alias="passwordChanged")
    profile: Profile = Profile()
    credentials: Credentials = Credentials()


class GroupProfile(VendorModel):
    """Name of a group."""

    name: str = ""


class Group(VendorModel):
    """``Group``."""

    id: str
    profile: GroupProfile = GroupProfile()


class Role(VendorModel):
    """``StandardRole`` or ``CustomRole``, whether held directly or through a group."""

    type: str
    label: str = ""
    status: str = "ACTIVE"


class FactorProfile(VendorModel):
    """The part of a factor's profile by which its owner knows it."""

    phone_number: str | None = Field(None, alias="phoneNumber")


class Factor(VendorModel):
    """``UserFactor``."""

    id: str = Field(min_length=1)
    factor_type: str = Field(alias="factorType")
    provider: str = ""
    status: str = ""
    created: UtcDatetime | None = None
    profile: FactorProfile = FactorProfile()


class Grant(VendorModel):
    """``OAuth2ScopeConsentGrant``."""

    id: str = Field(min_length=1)
    client_id: str = Field("", alias="clientId")
    issuer: str = ""
    scope_id: str = Field("", alias="scopeId")
    status: str = "ACTIVE"
    created: UtcDatetime | None = None


class LogEvent(VendorModel):
    """The part of a System Log event that proves something."""

    published: UtcDatetime
