"""Mailboxes: inbox rules and mail sent on behalf of a user."""

import copy
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Directory, graph_error, now_text
from lab.simulators.graph.odata import collection, selected


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
            "user_sendMail": Operation("sendMail", self.send, user),
        }

    def _rules(self, call: Call) -> list[dict[str, Any]]:
        account = self._directory.get(call.params["user-id"])
        call.target = account.id
        if call.params["mailFolder-id"].lower() != "inbox":
            raise _item_not_found()
        rules: list[dict[str, Any]] = account.sections["messageRules"]
        return rules

    def _rule(self, call: Call) -> dict[str, Any]:
        wanted = call.params["messageRule-id"]
        rule = next((r for r in self._rules(call) if r["id"] == wanted), None)
        if rule is None:
            raise _item_not_found()
        return rule

    async def rules(self, call: Call) -> Answer:
        """Inbox rules."""
        return collection(call, self._rules(call))

    async def rule(self, call: Call) -> Answer:
        """One inbox rule."""
        return Answer(200, selected(call, self._rule(call), None))

    async def patch_rule(self, call: Call) -> Answer:
        """Change a rule, for instance ``isEnabled``."""
        rule = self._rule(call)
        before = copy.deepcopy(rule)
        rule.update({k: v for k, v in call.body.items() if not k.startswith("@odata.")})
        return Answer(200, rule, effect=rule != before, detail={"rule": rule["id"]})

    async def delete_rule(self, call: Call) -> Answer:
        """Remove a rule."""
        rule = self._rule(call)
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
