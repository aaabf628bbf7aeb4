"""Sign-in logs come late: what to wait for, how long, and what stands in for it meanwhile.

Of all sign-ins 95 % are readable after 2 minutes and 99 % after 5 (learn.microsoft.com, "Azure
Active Directory reporting latencies"), and a workspace adds its own ingestion time; an alert of
Identity Protection or Defender can be faster. So when an alert reports a success that the log does
not show, the log is asked again with growing waits. Until it shows, and when it never does, the
alert's own time and address stand in for it, said as such.
"""

import re
from datetime import datetime, timedelta
from itertools import chain, repeat

from shared.models.base import Model, UtcDatetime
from shared.models.case import AlertType, CaseRequest
from shared.models.signin import SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins.detection import source_of
from shared.playbook.sign_ins.models import REPORTED_BY_ALERT, SignInAnalysis

LONGEST_DELAY = timedelta(hours=1)
"""A success that was older when the case came in is in the log or never will be."""
_FIRST_WAITS, _LAST_WAIT = (10.0, 20.0, 40.0), 60.0
_ALWAYS_SUCCEEDED = frozenset({AlertType.IMPOSSIBLE_TRAVEL, AlertType.TOKEN_THEFT})
"""Kinds of alert that are made of successful sign-ins alone."""
_SUCCESS = re.compile(r"\bsuccess(es|ful|fully)?\b|\bsucceed(s|ed)?\b", re.IGNORECASE)
_NO_SUCCESS = re.compile(
    r"\b(no|not|never|without|before)\b(\W+\w+){0,3}?\W+succe(ss|ed)\w*"
    r"|\bsuccessfully\W+(block|stopp|prevent|den)\w*",
    re.IGNORECASE,
)

_OF_THE_ADDRESS = {"country", "city", "latitude", "longitude", "asn", "trusted_location"}


class ReportedSuccess(Model):
    """A successful sign-in that the alert tells of."""

    at: UtcDatetime
    address: str | None
    addresses: frozenset[str]
    """All addresses of the incident: a success from any of them is one that it tells of."""
    named: bool
    """Whether the sender named the time of the login; else it follows from the kind of alert."""


def waits(budget_seconds: float) -> list[float]:
    """Return how long to wait before each time the log is asked again, in seconds.

    10, 20, 40, then every 60, cut so that they add up to the budget.
    """
    found: list[float] = []
    left = budget_seconds
    for wait in chain(_FIRST_WAITS, repeat(_LAST_WAIT)):
        if left <= 0:
            return found
        found.append(min(wait, left))
        left -= wait
    return found


def reported_success(case: CaseRequest) -> ReportedSuccess | None:
    """Return the success that the alert tells of, ``None`` when it tells of none.

    A time of the login in the custom details (or of a manual call) tells of one; so does the kind
    of alert, or a title or alert name with "success" in it. A description does not: it often
    explains the rule.
    """
    every = [address for text in case.addresses if (address := normalise_address(text))]
    address = every[0] if every else None
    if case.successful_login_time is not None:
        at = case.successful_login_time
        return ReportedSuccess(at=at, address=address, addresses=frozenset(every), named=True)
    if address is None or not (case.alert_type in _ALWAYS_SUCCEEDED or _titled_success(case)):
        return None
    at = case.incident.last_activity_at or case.detected_at
    return ReportedSuccess(at=at, address=address, addresses=frozenset(every), named=False)


def is_shown(reported: ReportedSuccess, analysis: SignInAnalysis) -> bool:
    """Whether the log has a success of the incident: from its addresses, or by brute force."""
    login = analysis.successful_login_details
    if login is None:
        return False
    return (
        not reported.addresses
        or analysis.brute_force is not None
        or analysis.suspicious_address in reported.addresses
    )


def is_missing(reported: ReportedSuccess, analysis: SignInAnalysis, window: timedelta) -> bool:
    """Whether the log does not show the reported success.

    An attack that the log shows stopped by a second factor or a policy has no success to look for,
    unless the sender named its time.
    """
    login = analysis.successful_login_details
    if login is not None and is_shown(reported, analysis):
        return reported.named and abs(login.time - reported.at) > window
    return reported.named or not (analysis.stopped_by_mfa or analysis.stopped_by_policy)


def may_still_come(reported: ReportedSuccess, received_at: datetime) -> bool:
    """Whether the log can be late with it."""
    return received_at - reported.at <= LONGEST_DELAY


def as_sign_in(reported: ReportedSuccess, case: CaseRequest, events: list[SignIn]) -> SignIn:
    """Return the reported success as a sign-in.

    What the log says of the address's other sign-ins (place, network) holds for it too.
    """
    address, account = reported.address, case.account
    like = next((one for one in reversed(events) if address and source_of(one) == address), None)
    given = {
        "user_id": account.object_id if account else None,
        "user_principal_name": account.user_principal_name if account else None,
    }
    who = events[-1].model_dump(include=set(given)) if events else given
    place = like.model_dump(include=_OF_THE_ADDRESS) if like else {}
    return SignIn(
        id=REPORTED_BY_ALERT,
        at=min(reported.at, case.now),
        address=address,
        result_code="0",
        **who,
        **place,
    )


def _titled_success(case: CaseRequest) -> bool:
    names = (
        line.removeprefix("Alerts: ")
        for line in case.initial_alert_details.splitlines()
        if line.startswith("Alerts: ")
    )
    return any(
        _SUCCESS.search(text) and not _NO_SUCCESS.search(text)
        for text in (case.incident.title, *names)
    )
