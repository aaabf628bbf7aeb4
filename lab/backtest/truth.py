"""Answers beside the truth: one judgement for each account, or part of its time, that is labelled.

An account compromised since a time gives two: what it did from then on, and what it did before,
which was benign.
"""

from collections.abc import Sequence
from datetime import datetime

from lab.backtest.judge import JudgedCase
from lab.backtest.labels import Expected, LabelSet
from lab.backtest.results import NO_CASE, DetectionCheck, Judged
from shared.models.signin import SignIn
from shared.models.verdict import Confidence

_RANK = {Confidence.HIGH: 2, Confidence.MEDIUM: 1, Confidence.LOW: 0}


def worst_of(cases: Sequence[JudgedCase]) -> JudgedCase | None:
    """Return the case with the highest verdict, of equal ones that with the highest score."""
    return max(cases, key=lambda case: (_RANK[case.verdict], case.evidence_score), default=None)


def truth_of(labels: LabelSet, account: str, events: Sequence[SignIn]) -> Expected | None:
    """Return what an account was, ``None`` when nobody says."""
    addresses = {event.address for event in events if event.succeeded and event.address}
    return labels.expected(account, addresses)


def compare_with_truth(
    labels: LabelSet,
    expected: Expected,
    account: str,
    events: Sequence[SignIn],
    cases: Sequence[JudgedCase],
) -> list[Judged]:
    """Return the judgements about an account.

    Args:
        labels: the labels of its file.
        expected: what the account was.
        account: its name.
        events: its sign-ins, oldest first.
        cases: its cases.
    """
    if expected is Expected.BENIGN:
        return [_judged(labels, account, expected, cases)]
    since = _since(labels, account, events)
    found = [_judged(labels, account, expected, [case for case in cases if case.at >= since])]
    if labels.complete and events[0].at < since:
        before = [case for case in cases if case.at < since]
        found.append(_judged(labels, f"{account} (before)", Expected.BENIGN, before))
    return found


def check_detections(labels: LabelSet | None, found: dict[str, set[str]]) -> list[DetectionCheck]:
    """Compare what detections found (name to accounts) with what they had to find."""
    checks = []
    for name, wanted in ((labels.detections or {}) if labels else {}).items():
        hits = {account: {account, account.partition("@")[0]} for account in found.get(name, ())}
        expected = {account.lower() for account in wanted}
        checks.append(
            DetectionCheck(
                detection=name,
                expected=sorted(expected),
                missed=sorted(expected.difference(*hits.values())),
                unexpected=sorted(hit for hit, names in hits.items() if not names & expected),
            )
        )
    return checks


def _since(labels: LabelSet, account: str, events: Sequence[SignIn]) -> datetime:
    named = labels.compromise_of(account)
    if named:
        return named.since or events[0].at
    entries = (
        event.at
        for event in events
        if event.succeeded and event.address and labels.is_attacker(event.address)
    )
    return next(entries, events[0].at)


def _judged(
    labels: LabelSet, account: str, expected: Expected, cases: Sequence[JudgedCase]
) -> Judged:
    worst = worst_of(cases)
    return Judged(
        file="",
        account=account,
        expected=expected,
        answer=worst.verdict.value if worst else NO_CASE,
        evidence_score=worst.evidence_score if worst else 0,
        counts=labels.counts,
        case=worst,
    )
