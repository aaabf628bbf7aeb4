"""What Graph answers, reduced to what is asked for with ``$select``.

The SDK's own models are not used: the first one that is parsed imports about 1,250 modules.
"""

from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.models.base import UtcDatetime, VendorModel


class User(VendorModel):
    """``microsoft.graph.user``."""

    id: str
    user_principal_name: str = Field(alias="userPrincipalName")
    display_name: str | None = Field(None, alias="displayName")
    account_enabled: bool | None = Field(None, alias="accountEnabled")
    user_type: str | None = Field(None, alias="userType")
    on_premises_sync_enabled: bool | None = Field(None, alias="onPremisesSyncEnabled")
    department: str | None = None
    job_title: str | None = Field(None, alias="jobTitle")
    usage_location: str | None = Field(None, alias="usageLocation")
    created: UtcDatetime | None = Field(None, alias="createdDateTime")
    sessions_valid_from: UtcDatetime | None = Field(None, alias="signInSessionsValidFromDateTime")
    password_changed: UtcDatetime | None = Field(None, alias="lastPasswordChangeDateTime")


USER_FIELDS = [field.alias or name for name, field in User.model_fields.items()]


class State(VendorModel):
    """The part of a user that containment changes."""

    account_enabled: bool | None = Field(None, alias="accountEnabled")
    sessions_valid_from: UtcDatetime | None = Field(None, alias="signInSessionsValidFromDateTime")
    password_changed: UtcDatetime | None = Field(None, alias="lastPasswordChangeDateTime")


STATE_FIELDS = [field.alias or name for name, field in State.model_fields.items()]


class DirectoryObject(VendorModel):
    """A member of ``transitiveMemberOf``: group, directory role or administrative unit."""

    kind: str = Field("", alias="@odata.type")
    id: str
    display_name: str | None = Field(None, alias="displayName")

    @property
    def label(self) -> str:
        """Name, or id when we may not read the name."""
        return self.display_name or self.id


class Page(VendorModel):
    """One page of directory objects."""

    value: list[DirectoryObject]
    next_link: str | None = Field(None, alias="@odata.nextLink")

    def next_below(self, base_url: str) -> str | None:
        """Return the next page's address if it is on the same host, else ``None``."""
        link = self.next_link
        return link if link and urlsplit(link).netloc == urlsplit(base_url).netloc else None


class RegistrationDetails(VendorModel):
    """``microsoft.graph.userRegistrationDetails``, a report that lags some hours."""

    is_mfa_capable: bool | None = Field(None, alias="isMfaCapable")
    is_admin: bool | None = Field(None, alias="isAdmin")
    methods_registered: list[str] = Field(default_factory=list, alias="methodsRegistered")


class RiskyUser(VendorModel):
    """``microsoft.graph.riskyUser``."""

    risk_level: str = Field(alias="riskLevel")
    risk_state: str = Field(alias="riskState")
    risk_detail: str | None = Field(None, alias="riskDetail")
    updated: UtcDatetime | None = Field(None, alias="riskLastUpdatedDateTime")


class RevokeAnswer(VendorModel):
    """``{"value": true}``; other success statuses come without a body."""

    value: bool = True

    @model_validator(mode="before")
    @classmethod
    def _empty_is_fine(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def _revoked(self) -> Self:
        if not self.value:
            raise ValueError("Graph answered that nothing was revoked")
        return self


class Nothing(VendorModel):
    """An answer whose body does not matter."""

    @model_validator(mode="before")
    @classmethod
    def _anything(cls, _: Any) -> Any:
        return {}
