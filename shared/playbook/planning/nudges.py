"""When people hear again of a question that nobody has answered.

A question reminds of the review, too, as long as nobody has taken the case: whoever is told that
nobody has answered need not be told that nobody has looked. So the earlier of the two times counts,
and the review's own clock is silent meanwhile.
"""

from shared.models.case import Timing

REMINDER, ESCALATION = "reminder", "escalated"
"""Phases in which people are told again: those who were asked, and the second line."""


def nudge_minutes(timing: Timing, *, reviewed: bool) -> dict[str, float]:
    """Return by phase after how many minutes of a question it is told; only before the deadline.

    Args:
        timing: the case's waiting times and targets.
        reviewed: whether an analyst has taken the case: then the question's own times count.
    """
    times = {REMINDER: [timing.reminder_minutes], ESCALATION: [timing.escalate_minutes]}
    goals = timing.sla
    if goals is not None and not reviewed:
        due = goals.review_seconds / 60
        times[REMINDER].append(due * goals.warn_share if goals.warn_share else None)
        times[ESCALATION].append(due if goals.second_line else None)
    first = {phase: min(filter(None, some), default=None) for phase, some in times.items()}
    return {
        phase: minutes
        for phase, minutes in first.items()
        if minutes is not None and minutes < timing.approval_deadline_minutes
    }
