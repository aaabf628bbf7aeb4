"""One account's cases, each judged as the app would judge it from the same log."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from lab.backtest.addresses import AddressBook
from lab.backtest.moments import CaseStart
from shared.models.base import Model, UtcDatetime
from shared.models.signin import MfaResult, SignIn
from shared.models.verdict import Confidence, Reason, Verdict
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import log_odds_to_score, score
from shared.playbook.confidence.scoring_input import make_scoring_input
from shared.playbook.sign_ins.analysis import analyse_sign_ins
from shared.playbook.sign_ins.detection import WINDOW_MINUTES
from shared.playbook.sign_ins.neighbours import AddressUse
from shared.settings import Settings

RULE_PERIOD = timedelta(minutes=5)
"""The detection rules run every 5 minutes: a case knows what the log had by then."""
MOST_SIGN_INS = 10_000
"""Of one account in one case, as the app reads them; the newest are kept."""
MOST_CASES = 20
"""Judged of one account; those of detections first."""
_BASELINE = timedelta(days=Settings.model_fields["baseline_days"].default)


class JudgedCase(Model):
    """A case and its verdict."""

    account: str
    at: UtcDatetime
    address: str
    kinds: list[str]
    verdict: Confidence
    score: int
    evidence_score: int
    """Score of what is known alone, without being held at Medium for what is not."""
    completeness: float
    reasons: list[Reason]


def judge(
    account: str,
    events: Sequence[SignIn],
    start: CaseStart,
    book: AddressBook,
    use_of: Callable[[str, datetime, datetime], AddressUse],
) -> JudgedCase:
    """Judge one case of an account.

    The log alone is at hand. What only the directory or a reputation service could say counts as
    asked and unremarkable, so that the answer shows how the evidence of the log is weighed;
    multifactor authentication counts as unknown where the log does not tell.

    Args:
        account: the user principal name, or the object id where there is none.
        events: the account's sign-ins, oldest first.
        start: the case.
        book: what is known of addresses.
        use_of: what an address did to other accounts between two times.
    """
    now = start.seen_at + RULE_PERIOD
    analysis = analyse_sign_ins(
        _known_at(events, now),
        addresses=[start.address],
        successful_login_time=start.at,
        window_minutes=WINDOW_MINUTES,
        now=now,
    )
    if address := analysis.suspicious_address:
        use = use_of(address, now - _BASELINE, now)
        analysis = analysis.model_copy(update={"address_use": use})
    verdict = score(
        make_scoring_input(
            user_principal_name=account,
            is_admin_role=None,
            mfa_enabled=True,
            analysis=analysis,
            sign_in_log_complete=True,
            address=book.verdict(analysis.suspicious_address),
            user_risk=None,
            findings=None,
        )
    )
    return JudgedCase(
        account=account,
        at=start.at,
        address=start.address,
        kinds=list(start.kinds),
        verdict=verdict.compromise_confidence_score,
        score=verdict.score,
        evidence_score=_evidence_score(verdict),
        completeness=verdict.completeness,
        reasons=verdict.reasons,
    )


def mfa_is_logged(events: Sequence[SignIn]) -> bool:
    """Whether a log says what happened to multifactor authentication at any success."""
    return any(event.succeeded and event.mfa_result is not MfaResult.UNKNOWN for event in events)


def _evidence_score(verdict: Verdict) -> int:
    return log_odds_to_score(load_ruleset().prior, verdict.reasons)


def _known_at(events: Sequence[SignIn], now: datetime) -> Sequence[SignIn]:
    start = bisect_left(events, now - _BASELINE, key=lambda event: event.at)
    end = bisect_right(events, now, key=lambda event: event.at)
    return events[max(start, end - MOST_SIGN_INS) : end]
