"""What a record says is so."""

from collections.abc import Iterable, Iterator, Mapping

from lab.chaos.effects import effects
from lab.chaos.invariants.found import Found
from lab.chaos.models import PlannedCase
from lab.chaos.observed import Observed
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName

_NOT_OURS = ("was so before this case", "done by case", "nothing to", "no ", "none")
"""Starts of details of an action that had nothing to change."""
_CHANGES = {
    ActionName.FORCE_PASSWORD_RESET: "lastPasswordChangeDateTime",
    ActionName.REVOKE_SESSIONS: "signInSessionsValidFromDateTime",
}


def every_record_is_true(observed: Observed) -> Iterator[Found]:
    """Yield recorded actions that did not happen, and verified ones that are not in force.

    Also tickets and messages that are recorded and exist nowhere.
    """
    happened = {(one.case.number, one.action) for one in effects(observed) if not one.undoes}
    tickets = {one["number"] for one in observed.after["tickets"]}
    for case in observed.planned.cases:
        records = observed.records_of(case)
        undone = _last_undone(records)
        for record in records:
            for one in record["actions"]:
                if why := _why_untrue(one, case, observed, happened, undone):
                    yield Found(case, f"{one['action']} on {one['target']}: {why}")
            outputs = (record["blocks"].get(BlockName.NOTIFICATION) or {}).get("outputs") or {}
            number = outputs.get("incident_ticket_id")
            if number and number not in tickets:
                yield Found(case, f"there is no ticket {number}")
            for channel, state in (outputs.get("analyst_notification_status") or {}).items():
                if state["status"] == "sent" and not _was_sent(observed, channel, case):
                    yield Found(case, f"nothing was sent by {channel}")


def _why_untrue(
    outcome: Json,
    case: PlannedCase,
    observed: Observed,
    happened: set[tuple[int, ActionName]],
    undone: Mapping[str, str],
) -> str | None:
    action = ActionName(outcome["action"])
    done = outcome["status"] == ActionStatus.SUCCEEDED
    nothing_to_do = str(outcome["detail"]).startswith(_NOT_OURS)
    if done and not nothing_to_do and (case.number, action) not in happened:
        return f"recorded as done, and never happened ({outcome['detail']})"
    if not outcome["verified"]:
        return None
    in_force = _in_force(action, case, observed)
    taken_back = outcome["undone"] is not None and outcome["undone"].get("verified")
    if taken_back and action is ActionName.DISABLE_ACCOUNT and in_force:
        return "recorded as taken back, and is in force"
    # What one case of the account took back afterwards is not in force for another, either.
    taken = outcome["undone"] or undone.get(action, "") > outcome["at"]
    if not taken and in_force is False:
        return "recorded as verified, and is not in force"
    return None


def _last_undone(records: Iterable[Json]) -> dict[str, str]:
    """Return by action when one of the account's cases last took it back."""
    every = [one for record in records for one in record["actions"] if one["undone"]]
    found: dict[str, str] = {}
    for one in every:
        found[one["action"]] = max(found.get(one["action"], ""), one["undone"].get("at", ""))
    return found


def _in_force(action: ActionName, case: PlannedCase, observed: Observed) -> bool | None:
    """Tell whether an action shows in what the vendors hold; ``None``: not to be told."""
    after = _user(observed.after, case)
    if action is ActionName.DISABLE_ACCOUNT:
        return after.get("accountEnabled") is False
    if action in _CHANGES:
        name = _CHANGES[action]
        return bool(after.get(name) != _user(observed.before, case).get(name))
    if action is ActionName.DISABLE_INBOX_RULES:
        return not any(rule.get("isEnabled", True) for rule in after.get("messageRules", []))
    if action is ActionName.BLOCK_IP:
        return any(
            str(one).partition("/")[0] == case.address
            for group in observed.after["ipGroups"]
            for one in group["properties"].get("ipAddresses", [])
        )
    return None


def _user(tenant: Json, case: PlannedCase) -> Json:
    found: Json = next(
        one for one in tenant["directory"]["users"] if one["id"].lower() == case.object_id
    )
    return found


def _was_sent(observed: Observed, channel: str, case: PlannedCase) -> bool:
    # "email (emergency)" is a message of its own on the same channel.
    vendor = channel.partition(" ")[0]
    return any(
        line["vendor"] == vendor and line["effect"] and case.name in str(line["body"])
        for line in observed.ledger
    )
