"""What an intruder leaves behind to come back: sign-in methods, inbox rules, consents."""

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class AuthenticationMethod(Model):
    """One way for a user to prove who they are."""

    id: str
    kind: str
    """The directory's word, without its common ending: ``phone``, ``fido2``, ``password``, ..."""
    label: str
    """What a person recognises it by; a phone number is shown by its last two digits only."""
    created_at: UtcDatetime | None = None
    """When it was registered; ``None`` when the directory does not say."""
    removable: bool = True
    """Whether the directory's interface can remove a method of this kind at all."""


class InboxRule(Model):
    """One rule of a mailbox, reduced to what can hide or leak mail."""

    id: str
    name: str
    enabled: bool
    read_only: bool = False
    """Whether the interface refuses to change it."""
    forwards_to: list[str] = Field(default_factory=list)
    """Addresses mail is forwarded to, also as attachment."""
    redirects_to: list[str] = Field(default_factory=list)
    deletes: bool = False
    marks_read: bool = False
    moves: bool = False
    folder: str | None = None
    """Name of the folder mail is moved to; ``None`` when nothing is moved or it is not readable."""
    out_of_sight: bool = False
    """Whether that folder is one in which nobody looks for mail."""


class ConsentGrant(Model):
    """What a user, or an administrator for everybody, lets an application do on their behalf."""

    id: str
    client_id: str
    """The application, by the id that the directory's grants use."""
    client_name: str | None = None
    resource_id: str
    """The interface that may be called."""
    principal_id: str | None = None
    """The user; ``None`` when the consent is for everybody."""
    scope: str = ""
    """Permissions, separated by spaces."""
    for_everyone: bool = False
    created_at: UtcDatetime | None = None
    """When it was given; Microsoft Graph v1.0 does not say."""

    @property
    def label(self) -> str:
        """What a person recognises it by."""
        return f"{self.client_name or self.client_id} ({self.scope.strip() or 'no permission'})"
