"""Whom a case concerns beyond the first line: the criteria of seed 004, section 9, on facts.

Each criterion is a function of the record that returns the sentence for people, empty when it does
not hold. What takes time (L1 "cannot ... complete remediation") is a matter of clocks
(``shared.playbook.reporting.clocks``).
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.outcome import ActionStatus
from shared.models.sla import Tier
from shared.playbook.intake.fields import one_line
from shared.playbook.planning.impact import SENSITIVE
from shared.playbook.reporting.campaign_text import WIDESPREAD, others_hit
from shared.playbook.reporting.case_view import CaseView

LATERAL = ("T1021", "T1534", "T1550.002", "T1550.003", "T1563", "T1570")
PERSISTENCE = ("T1098", "T1136", "T1137", "T1528", "T1556", "T1564", "T1114.003")
EXFILTRATION = ("T1020", "T1030", "T1041", "T1048", "T1213", "T1530", "T1537", "T1567")
DESTRUCTION = ("T1485", "T1486", "T1490")
"""ATT&CK techniques, with their sub-techniques, of the hunts whose findings are evidence of it."""
MOST_TITLES = 3
_SENTENCE_LIMIT = 500


def containment_failed(view: CaseView) -> str:
    """Seed 004, section 9, L1 to L2: "any failures in automated containment"."""
    failed = [str(one.action) for one in view.outcomes(ActionStatus.FAILED)]
    failed += [
        str(one.action) for one in view.outcomes(ActionStatus.SUCCEEDED) if one.verified is False
    ]
    return f"containment failed ({', '.join(dict.fromkeys(failed))})" if failed else ""


def did_not_hold(view: CaseView) -> str:
    """The same of seed 004: a containment after which somebody signed in has failed."""
    recheck = view.record.recheck
    return "the containment did not hold" if recheck is not None and recheck.held is False else ""


def widespread(view: CaseView) -> str:
    """Seed 004, section 9, L2 to IRT: "widespread compromise"."""
    hit = others_hit(view) + 1
    if hit < WIDESPREAD:
        return ""
    return f"widespread compromise: {hit} accounts were hit from one address"


def lateral_movement(view: CaseView) -> str:
    """Seed 004, section 9, L2 to IRT: "evidence of lateral movement"."""
    return _found(view, "lateral movement", LATERAL)


def persistence(view: CaseView) -> str:
    """Seed 004, section 9, L2 to IRT: "persistence mechanisms"."""
    return _found(view, "persistence", PERSISTENCE)


def exfiltration(view: CaseView) -> str:
    """Seed 004, section 9, L2 to IRT: "exfiltration"."""
    return _found(view, "exfiltration", EXFILTRATION)


def destruction(view: CaseView) -> str:
    """Ours, beside the seed's: what is destroyed meanwhile cannot wait for the second line."""
    return _found(view, "destruction", DESTRUCTION)


def sensitive_account(view: CaseView) -> str:
    """Seed 004, section 9, L2 to IRT: "compromise of highly sensitive accounts"."""
    kinds = sorted(view.kinds & set(SENSITIVE))
    words = f"highly sensitive account ({', '.join(kinds)})" if kinds else ""
    return words.replace("_", "-")


class Criterion(NamedTuple):
    """A reason to call somebody."""

    id: str
    tier: Tier
    holds: Callable[[CaseView], str]


CRITERIA = (
    Criterion("containment_failed", Tier.L2, containment_failed),
    Criterion("did_not_hold", Tier.L2, did_not_hold),
    Criterion("sensitive_account", Tier.IRT, sensitive_account),
    Criterion("lateral_movement", Tier.IRT, lateral_movement),
    Criterion("persistence", Tier.IRT, persistence),
    Criterion("exfiltration", Tier.IRT, exfiltration),
    Criterion("destruction", Tier.IRT, destruction),
    Criterion("widespread", Tier.IRT, widespread),
)


class Reason(NamedTuple):
    """A criterion that holds for a case."""

    criterion: str
    tier: Tier
    why: str


def reasons_to_escalate(record: CaseRecord | Json) -> list[Reason]:
    """Return every criterion that holds, in the order of ``CRITERIA``.

    At Low confidence nothing is taken for the attacker's: then only a containment that failed
    counts.
    """
    view = CaseView(record)
    return [
        Reason(one.id, one.tier, one_line(why, _SENTENCE_LIMIT))
        for one in CRITERIA
        if (one.tier is Tier.L2 or view.confidence in ("High", "Medium"))
        and (why := one.holds(view))
    ]


def to_call_now(
    reasons: Sequence[Reason], *, confidence: str | None, missed: bool, told: Collection[str]
) -> dict[Tier, list[Reason]]:
    """Return by tier the criteria for which it is to be called now; each criterion once.

    The second line at once. The incident response team at once when confidence is High; else a
    person looks first, and the team is called when that takes longer than a target allows.

    Args:
        reasons: the criteria that hold.
        confidence: the verdict's.
        missed: whether a service level of the case has been missed.
        told: criteria of which people were told before.
    """
    calls: dict[Tier, list[Reason]] = {}
    for one in reasons:
        waits = one.tier is Tier.IRT and confidence != "High" and not missed
        if one.criterion not in told and not waits:
            calls.setdefault(one.tier, []).append(one)
    return calls


def _found(view: CaseView, words: str, techniques: tuple[str, ...]) -> str:
    titles = [
        view.text(finding.get("title"))
        for finding in view.findings
        if str(finding.get("technique") or "").startswith(techniques)
    ]
    return f"signs of {words}: {', '.join(titles[:MOST_TITLES])}" if titles else ""
