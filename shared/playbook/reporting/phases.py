"""The phases of a case that people are told of: how each is called, and how loudly."""

from shared.playbook.intake.fields import one_line

PHASE_WORDS = {
    "opened": "opened",
    "decision_needed": "DECISION NEEDED",
    "reminder": "REMINDER, DECISION NEEDED",
    "escalated": "ESCALATED, DECISION NEEDED",
    "second_needed": "SECOND PERSON NEEDED",
    "overtaken": "no longer asked by this message",
    "decided": "decided",
    "completed": "response completed",
    "joined": "another incident joined this case",
    "campaign": "SEVERAL ACCOUNTS, ONE ADDRESS",
    "containment_failed": "CONTAINMENT FAILED",
    "not_held": "CONTAINMENT DID NOT HOLD",
    "undone": "ACTIONS TAKEN BACK",
    "block_later": "block tried again",
    "emergency": "NO TICKET",
    "broke_off": "RESPONSE BROKE OFF",
    "paused": "AUTOMATIC CONTAINMENT PAUSED",
    "acknowledged": "acknowledged",
    "closed": "closed",
    "sealed": "evidence sealed",
    "sla_warning": "SERVICE LEVEL AT RISK",
    "sla_missed": "SERVICE LEVEL MISSED",
    "escalated_l2": "ESCALATED TO THE SECOND LINE",
    "escalated_irt": "ESCALATED TO THE INCIDENT RESPONSE TEAM",
}
URGENT = frozenset(
    {
        "decision_needed",
        "reminder",
        "escalated",
        "second_needed",
        "containment_failed",
        "not_held",
        "emergency",
        "broke_off",
        "paused",
        "campaign",
        "sla_warning",
        "sla_missed",
        "escalated_l2",
        "escalated_irt",
    }
)
WITH_WHY = frozenset({"block_later", "sla_warning", "sla_missed", "escalated_l2", "escalated_irt"})
"""Phases whose message begins with what is new."""
WHOLE_SUMMARY = frozenset({"emergency", "broke_off"})
"""Phases in which the message holds the whole case: nobody can read it elsewhere."""
OF_THEIR_OWN = frozenset({"paused", "campaign"})
"""Phases that are about more than one case."""


def phase_words(phase: str) -> str:
    """Return how people read a phase."""
    return PHASE_WORDS.get(phase, one_line(phase, 40).replace("_", " "))
