"""What Graph answers, reduced to what is asked for with ``$select``.

The SDK's own models are not used: the first one that is parsed imports about 1,250 modules.
"""

from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.models.base import UtcDatetime, VendorModel


class User(VendorModel):
    """``microsoft.graph.user``."""

    id: str
    user_principal_name: str = Field(alias="userPrincipalName")
    display_name: str | None = Field(None, alias="displayName")
    account_enabled: bool | None = Field(None, alias="accountEnabled")
    user_type: str | None = Field(None, alias="userType")
    on_premises_sync_enabled: bool | None = Field(None, alias="onPremisesSyncEnabled")
    on_premises_sam_account_name: str | None = Field(None, alias="onPremisesSamAccountName")
    department: str | None = None
    job_title: str | None = Field(None, alias="jobTitle")
    usage_location: str | None = Field(None, alias="usageLocation")
    mail: str | None = None
    proxy_addresses: list[str] | None = Field(None, alias="proxyAddresses")
    created: UtcDatetime | None = Field(None, alias="createdDateTime")
    sessions_valid_from: UtcDatetime | None = Field(None, alias="signInSessionsValidFromDateTime")
    password_changed: UtcDatetime | None = Field(None, alias="lastPasswordChangeDateTime")

    @property
    def mail_addresses(self) -> list[str]:
        """Main address and aliases; ``proxyAddresses`` holds telephony's and others, too."""
        proxies = [one.partition(":") for one in self.proxy_addresses or ()]
        smtp = [address for kind, _, address in proxies if kind.casefold() == "smtp"]
        return list(dict.fromkeys(one for one in (self.mail or "", *smtp) if one))


USER_FIELDS = [field.alias or name for name, field in User.model_fields.items()]


class State(VendorModel):
    """The part of a user that containment changes, and what decides whether it may."""

    id: str
    user_principal_name: str = Field(alias="userPrincipalName")
    on_premises_sync_enabled: bool | None = Field(None, alias="onPremisesSyncEnabled")
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


class Page[Item: VendorModel](VendorModel):
    """One page of a collection."""

    value: list[Item]
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


class Method(VendorModel):
    """``microsoft.graph.authenticationMethod`` of any kind."""

    kind: str = Field(alias="@odata.type")
    id: str
    created: UtcDatetime | None = Field(None, alias="createdDateTime")
    display_name: str | None = Field(None, alias="displayName")
    phone_number: str | None = Field(None, alias="phoneNumber")
    email_address: str | None = Field(None, alias="emailAddress")

    @property
    def name(self) -> str:
        """The kind without what all kinds have in common."""
        short = self.kind.removeprefix("#microsoft.graph.")
        return short.removesuffix("AuthenticationMethod")


class CreatedPass(VendorModel):
    """``microsoft.graph.temporaryAccessPassAuthenticationMethod`` as its creation answers it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: str
    value: SecretStr = Field(alias="temporaryAccessPass", min_length=1)
    start: UtcDatetime | None = Field(None, alias="startDateTime")
    minutes: int | None = Field(None, alias="lifetimeInMinutes")


class Grant(VendorModel):
    """``microsoft.graph.oAuth2PermissionGrant``."""

    id: str
    client_id: str = Field(alias="clientId")
    consent_type: str | None = Field(None, alias="consentType")
    principal_id: str | None = Field(None, alias="principalId")
    resource_id: str = Field(alias="resourceId")
    scope: str | None = None


class Address(VendorModel):
    """``microsoft.graph.emailAddress``."""

    address: str | None = None


class Recipient(VendorModel):
    """``microsoft.graph.recipient``."""

    email: Address = Field(default_factory=Address, alias="emailAddress")


class RuleActions(VendorModel):
    """``microsoft.graph.messageRuleActions``: what can hide or leak mail."""

    delete: bool | None = None
    permanent_delete: bool | None = Field(None, alias="permanentDelete")
    mark_as_read: bool | None = Field(None, alias="markAsRead")
    move_to_folder: str | None = Field(None, alias="moveToFolder")
    forward_to: list[Recipient] = Field(default_factory=list, alias="forwardTo")
    forward_as_attachment_to: list[Recipient] = Field(
        default_factory=list, alias="forwardAsAttachmentTo"
    )
    redirect_to: list[Recipient] = Field(default_factory=list, alias="redirectTo")


class Rule(VendorModel):
    """``microsoft.graph.messageRule``."""

    id: str
    display_name: str | None = Field(None, alias="displayName")
    is_enabled: bool | None = Field(None, alias="isEnabled")
    is_read_only: bool | None = Field(None, alias="isReadOnly")
    actions: RuleActions = Field(default_factory=RuleActions)

    @field_validator("actions", mode="before")
    @classmethod
    def _none_is_nothing(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def target(self) -> str | None:
        """Id of the folder mail is moved to."""
        return self.actions.move_to_folder or None


class Folder(VendorModel):
    """``microsoft.graph.mailFolder``."""

    id: str
    display_name: str = Field("", alias="displayName")


class Domain(VendorModel):
    """``microsoft.graph.domain``."""

    id: str
    authentication_type: str | None = Field(None, alias="authenticationType")


class Nothing(VendorModel):
    """An answer whose body does not matter."""

    @model_validator(mode="before")
    @classmethod
    def _anything(cls, _: Any) -> Any:
        return {}
