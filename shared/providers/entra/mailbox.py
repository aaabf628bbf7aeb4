"""The ``Mailbox`` port on Microsoft Graph v1.0: inbox rules in Exchange Online.

A rule names the folder it moves mail to by id, so the folders are asked for as well: by their
well-known names, which do not depend on the mailbox's language, and by id for what they are called.
Reading folders is a permission of its own; without it a folder stays unnamed.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.errors import NotFound, PermanentError, RetryableError
from shared.models.persistence import InboxRule
from shared.providers.entra.graph import Graph, with_body
from shared.providers.entra.models import Folder, Nothing, Recipient, Rule

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_log = logging.getLogger("tourniquet.providers")

AT_ONCE = 4
"""Requests that Exchange Online takes at the same time for one mailbox from one application
(learn.microsoft.com/graph/throttling-limits#outlook-service-limits)."""
HIDDEN_FOLDERS = ("archive", "conversationhistory", "deleteditems", "junkemail")
"""Well-known names of folders in which nobody looks for mail."""
_HIDDEN_BY_NAME = "rss"
"""RSS feeds have no well-known name, but these letters in every language."""
INBOX = "inbox"
"""Rules exist for this folder only."""


class ExchangeMailbox:
    """Lists and switches inbox rules of the accounts' mailboxes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def list_rules(self, object_id: str) -> list[InboxRule]:
        """Return the inbox rules; those in force with the names of the folders they move mail to.

        Some folders that nobody looks into are read beside the rules, which most often saves a
        second wait; what could not be read then is read again when a rule moves mail.
        """

        def build(link: str | None) -> "RequestInformation":
            builder = self._folder(object_id, INBOX).message_rules
            return (builder.with_url(link) if link else builder).to_get_request_information()

        beside = HIDDEN_FOLDERS[: AT_ONCE - 1]
        rules, folders = await asyncio.gather(
            self._graph.collect("messageRules.list", build, Rule),
            self._read_now(object_id, beside),
        )
        used = {rule.target for rule in rules if rule.is_enabled and rule.target}
        if used:
            rest = [one for one in (*HIDDEN_FOLDERS, *sorted(used)) if one not in folders]
            folders |= await self._read_folders(object_id, rest)
        names, hidden = _names(folders, used)
        return [_rule(item, names, hidden) for item in rules]

    async def set_rule_enabled(self, object_id: str, rule_id: str, *, enabled: bool) -> None:
        """Switch one rule on or off; nothing else of it is sent."""

        def build() -> "RequestInformation":
            rules = self._folder(object_id, INBOX).message_rules
            return with_body("PATCH", rules.by_message_rule_id(rule_id), {"isEnabled": enabled})

        await self._graph.send("messageRules.patch", build, Nothing, ok=(200, 204))

    def _folder(self, object_id: str, folder: str) -> Any:
        user = self._graph.client.users.by_user_id(object_id)
        return user.mail_folders.by_mail_folder_id(folder)

    async def _read_folders(
        self, object_id: str, wanted: Sequence[str]
    ) -> dict[str, Folder | None]:
        found: dict[str, Folder | None] = {}
        for batch in batched(wanted, AT_ONCE, strict=False):
            answers = await asyncio.gather(*(self._read_folder(object_id, one) for one in batch))
            found |= zip(batch, answers, strict=True)
        return found

    async def _read_now(self, object_id: str, wanted: Sequence[str]) -> dict[str, Folder | None]:
        """Return the folders without those that only later can be read: nobody may need them."""
        answers = await asyncio.gather(
            *(self._read_folder(object_id, one) for one in wanted), return_exceptions=True
        )
        found: dict[str, Folder | None] = {}
        for folder, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, RetryableError):
                    raise answer
                _log.warning("folders of a mailbox: %s", answer)
            else:
                found[folder] = answer
        return found

    async def _read_folder(self, object_id: str, folder: str) -> Folder | None:
        """Return a folder; ``None`` when there is none, or it may not be read."""

        def build() -> "RequestInformation":
            request: RequestInformation = self._folder(
                object_id, folder
            ).to_get_request_information()
            return request

        try:
            return await self._graph.send("mailFolders.get", build, Folder)
        except NotFound:
            return None
        except PermanentError as error:
            _log.warning("folders of a mailbox: %s", error)
            return None


def _names(
    folders: Mapping[str, Folder | None], used: Collection[str]
) -> tuple[dict[str, str], set[str]]:
    """Return names of the used folders by id, and which folders are out of sight."""
    hidden = {folder.id for one in HIDDEN_FOLDERS if (folder := folders.get(one))}
    names = {one: folder.display_name for one in used if (folder := folders[one])}
    hidden |= {one for one, name in names.items() if _HIDDEN_BY_NAME in name.lower()}
    return names, hidden


def _rule(item: Rule, names: dict[str, str], hidden: set[str]) -> InboxRule:
    actions = item.actions
    return InboxRule(
        id=item.id,
        name=item.display_name or item.id,
        enabled=bool(item.is_enabled),
        read_only=bool(item.is_read_only),
        forwards_to=_addresses(actions.forward_to, actions.forward_as_attachment_to),
        redirects_to=_addresses(actions.redirect_to),
        deletes=bool(actions.delete or actions.permanent_delete),
        marks_read=bool(actions.mark_as_read),
        moves=item.target is not None,
        folder=names.get(item.target or ""),
        out_of_sight=item.target in hidden,
    )


def _addresses(*lists: list[Recipient]) -> list[str]:
    found = (one.email.address for recipients in lists for one in recipients)
    return [address or "an unnamed address" for address in found]
