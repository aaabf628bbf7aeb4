"""One row of the table of permissions."""

from dataclasses import dataclass
from enum import StrEnum

from shared.settings import Settings


class Section(StrEnum):
    """Whose permission it is; each is a table of its own on the page."""

    GRAPH = "graph"
    DEFENDER = "defender"
    AZURE = "azure"
    OKTA = "okta"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one part of the app needs; texts may hold Markdown.

    Attributes:
        section: whose permission it is.
        purpose: what for, as people say it.
        vendor: who answers, as errors name it.
        operations: what the provider calls, as errors, logs and the case record name it.
        calls: the requests, ``GET /users/{id}``, where the vendor grants permission by request.
        permission: the least permission that serves, by the vendor's name: an application
            permission, an Azure role, a scope, or in words.
        also: what else it takes, in words.
        role_id: the permission's or role's id; ``None`` where there is none to name.
        scope: where an Azure role is to be assigned, at the narrowest.
        without: what happens when it is missing.
        setting: the field of ``Settings`` that switches the part on; ``None``: always on.
        chosen: the setting's value that does; empty: any.
        changes: whether it changes something; not needed while the app only observes.
        optional: whether the app does its work without it, only less well.
        by_hand: whether people grant it elsewhere than the rest, so that set-up does not.
    """

    section: Section
    purpose: str
    vendor: str
    operations: tuple[str, ...]
    permission: str
    without: str
    calls: tuple[str, ...] = ()
    also: str = ""
    role_id: str | None = None
    scope: str = ""
    setting: str | None = None
    chosen: str = ""
    changes: bool = False
    optional: bool = False
    by_hand: bool = False

    def is_on(self, settings: Settings) -> bool:
        """Whether these settings switch the part on."""
        if self.setting is None:
            return True
        value = getattr(settings, self.setting)
        return value == self.chosen if self.chosen else bool(value)

    @property
    def switched_on_by(self) -> str:
        """The app setting that switches the part on; empty when it is always on."""
        chosen = f"={self.chosen}" if self.chosen else ""
        return f"TOURNIQUET_{self.setting.upper()}{chosen}" if self.setting else ""


@dataclass(frozen=True)
class DirectoryRole:
    """A directory role that the app's service principal needs for some targets."""

    target: str
    name: str
    template_id: str
