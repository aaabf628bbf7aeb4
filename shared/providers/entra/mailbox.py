"""The ``Mailbox`` port on Microsoft Graph v1.0: inbox rules in Exchange Online.

A rule names the folder it moves mail to by id, so the folders are asked for as well: by their
well-known names, which do not depend on the mailbox's language, and by id for what they are called.
Reading folders is a permission of its own; without it a folder stays unnamed.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from shared.errors import NotFound, PermanentError
from shared.models.persistence import InboxRule
from shared.providers.entra.graph import Graph, with_body
from shared.providers.entra.models import Folder, Nothing, Recipient, Rule

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_log = logging.getLogger("tourniquet.providers")

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
        """Return the inbox rules with the names of the folders they move mail to."""

        def build(link: str | None) -> "RequestInformation":
            builder = self._folder(object_id, INBOX).message_rules
            return (builder.with_url(link) if link else builder).to_get_request_information()

        rules = await self._graph.collect("messageRules.list", build, Rule)
        used = {rule.target for rule in rules if rule.target}
        names, hidden = await self._folders(object_id, used) if used else ({}, set())
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

    async def _folders(
        self, object_id: str, used: Collection[str]
    ) -> tuple[dict[str, str], set[str]]:
        """Return names of the folders by id, and which of them are out of sight."""
        wanted = [*HIDDEN_FOLDERS, *sorted(used)]
        found = await asyncio.gather(*(self._read_folder(object_id, one) for one in wanted))
        answers = dict(zip(wanted, found, strict=True))
        hidden = {folder.id for one in HIDDEN_FOLDERS if (folder := answers[one])}
        names = {one: folder.display_name for one in used if (folder := answers[one])}
        hidden |= {one for one, name in names.items() if _HIDDEN_BY_NAME in name.lower()}
        return names, hidden

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
