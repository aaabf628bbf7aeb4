"""Mailboxes: inbox rules and mail sent on behalf of a user."""

import copy
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import (
    Account,
    Directory,
    graph_error,
    made_up_id,
    now_text,
)
from lab.simulators.graph.odata import collection, selected

WELL_KNOWN = {
    "archive": "Archive", "conversationhistory": "Conversation History",
    "deleteditems": "Deleted Items", "drafts": "Drafts", "inbox": "Inbox",
    "junkemail": "Junk Email", "outbox": "Outbox", "sentitems": "Sent Items",
}  # fmt: skip
"""Folders that every mailbox has, by the name that works in any language."""


class Mailbox:
    """Operations below ``/users/{id}/mailFolders`` and ``sendMail``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        user, folder = "user-id", "user.mailFolder"
        return {
            f"{folder}_ListMessageRule": Operation("messageRules.list", self.rules, user),
            f"{folder}_GetMessageRule": Operation("messageRules.get", self.rule, user),
            f"{folder}_UpdateMessageRule": Operation("messageRules.patch", self.patch_rule, user),
            f"{folder}_DeleteMessageRule": Operation("messageRules.delete", self.delete_rule, user),
            "user_GetMailFolder": Operation("mailFolders.get", self.folder, user),
            "user_sendMail": Operation("sendMail", self.send, user),
        }

    def _mailbox(self, call: Call) -> Account:
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        if account.properties.get("mail") is None:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise graph_error(404, "MailboxNotEnabledForRESTAPI", message)
        return account

    def _rules(self, call: Call) -> list[dict[str, Any]]:
        account = self._mailbox(call)
        if call.params["mailFolder-id"].lower() != "inbox":
            raise _item_not_found()
        rules: list[dict[str, Any]] = account.sections["messageRules"]
        return rules

    async def folder(self, call: Call) -> Answer:
        """One folder, by id or by well-known name."""
        account = self._mailbox(call)
        wanted = call.params["mailFolder-id"]
        declared: list[dict[str, Any]] = account.sections["mailFolders"]
        named = {name: made_up_id(account.id, "folder", name) for name in WELL_KNOWN}
        known = [{"id": named[name], "displayName": word} for name, word in WELL_KNOWN.items()]
        word = WELL_KNOWN.get(wanted.lower())
        for folder in (*declared, *known):
            if folder["id"] == wanted or (word and folder.get("displayName") == word):
                return Answer(200, selected(call, folder, None))
        raise _item_not_found()

    def _rule(self, call: Call) -> dict[str, Any]:
        wanted = call.params["messageRule-id"]
        rule = next((r for r in self._rules(call) if r["id"] == wanted), None)
        if rule is None:
            raise _item_not_found()
        return rule

    async def rules(self, call: Call) -> Answer:
        """Inbox rules."""
        self._rules(call)
        account = self._mailbox(call)
        return collection(call, self._directory.replica.read(account, "messageRules"))

    async def rule(self, call: Call) -> Answer:
        """One inbox rule."""
        return Answer(200, selected(call, self._rule(call), None))

    async def patch_rule(self, call: Call) -> Answer:
        """Change a rule, for instance ``isEnabled``."""
        rule = self._rule(call)
        if rule.get("isReadOnly"):
            raise graph_error(403, "ErrorAccessDenied", "Access is denied. The rule is read-only.")
        self._directory.replica.about_to_change(self._mailbox(call), "messageRules")
        before = copy.deepcopy(rule)
        rule.update({k: v for k, v in call.body.items() if not k.startswith("@odata.")})
        return Answer(200, rule, effect=rule != before, detail={"rule": rule["id"]})

    async def delete_rule(self, call: Call) -> Answer:
        """Remove a rule."""
        rule = self._rule(call)
        self._directory.replica.about_to_change(self._mailbox(call), "messageRules")
        self._rules(call).remove(rule)
        return Answer(204, effect=True, detail={"rule": rule["id"]})

    async def send(self, call: Call) -> Answer:
        """Accept a message for delivery."""
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        message = call.body.get("message") or call.body.get("Message")
        self._directory.sent_mail.append(
            {"from": account.properties.get("userPrincipalName"), "at": now_text(), **message}
        )
        return Answer(202, effect=True)


def _item_not_found() -> Exception:
    message = "The specified object was not found in the store."
    return graph_error(404, "ErrorItemNotFound", message)
