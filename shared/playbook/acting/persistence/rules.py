"""Which inbox rules hide or leak mail.

When a rule was made is not known from the mailbox, so what it does decides. Nothing is lost: rules
are disabled, never deleted, and an undo enables exactly those.
Source: MITRE ATT&CK T1564.008 and T1114.003.
"""

from collections.abc import Sequence

from shared.models.persistence import InboxRule
from shared.playbook.acting.persistence import Chosen, Selection


def choose_rules(rules: Sequence[InboxRule]) -> Selection:
    """Return what to disable; rules that are off stay as they are."""
    enabled = [one for one in rules if one.enabled]
    suspicious = [one for one in enabled if why_suspicious(one)]
    tasks = [
        f"{_label(one)} is read-only here: disable it in Outlook"
        for one in suspicious
        if one.read_only
    ]
    tasks += [
        f'"{one.name}" moves mail to a folder whose name could not be read: look at it'
        for one in enabled
        if one not in suspicious and one.moves and one.folder is None
    ]
    return Selection(
        chosen=[
            Chosen(id=one.id, label=_label(one), item=one.to_json())
            for one in suspicious
            if not one.read_only
        ],
        tasks=tasks,
        nothing=f"none of {len(enabled)} enabled rules forwards, deletes or hides mail",
    )


def why_suspicious(rule: InboxRule) -> str:
    """Return in words what the rule does that an intruder would want; empty when nothing."""
    found = []
    if rule.forwards_to:
        found.append(f"forwards to {', '.join(rule.forwards_to)}")
    if rule.redirects_to:
        found.append(f"redirects to {', '.join(rule.redirects_to)}")
    if rule.deletes:
        found.append("deletes")
    if rule.moves and rule.out_of_sight:
        found.append(f"moves to {rule.folder or 'a folder out of sight'}")
    elif rule.moves and rule.marks_read:
        found.append(f"marks as read and moves to {rule.folder or 'a folder'}")
    return ", ".join(found)


def _label(rule: InboxRule) -> str:
    return f'"{rule.name}" ({why_suspicious(rule)})'
