"""The moments of an account at which an alert would start a case.

What the detections find, and what other alerts commonly report (Identity Protection, a SIEM's own
rules). Moments of one address within a day are one case, as the app's one-case-per-account rule
would have it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import EPISODE, THIN_HISTORY
from shared.playbook.sign_ins.codes import MFA_STOP_CODES, POLICY_STOP_CODES
from shared.playbook.sign_ins.detected import Detection, password_was_right
from shared.playbook.sign_ins.detection import (
    FAILURE_THRESHOLD,
    WINDOW_MINUTES,
    external_source_of,
    find_brute_force_successes,
    is_guess,
)
from shared.playbook.sign_ins.impossible_travel import SHARED_BY_USERS, find_impossible_travel
from shared.playbook.sign_ins.mfa_fatigue import find_mfa_fatigue
from shared.playbook.sign_ins.platform_sweep import (
    SWEEP_PERIOD,
    SWEPT_PLATFORMS,
    platform_of,
)
from shared.playbook.sign_ins.token_theft import find_token_theft

SEED_TRIGGER = "brute_force_success"
DETECTIONS = (
    SEED_TRIGGER,
    "password_spray",
    "slow_password_spray",
    "mfa_fatigue",
    "impossible_travel",
    "token_theft",
)
"""What counts as a detection; the other moments are what foreign alerts report."""
FEW_FAILURES = 5
"""Wrong passwords before a success that begin to look like guessing."""
_STOPPED = frozenset(MFA_STOP_CODES) | frozenset(POLICY_STOP_CODES)


type OtherUsers = Callable[[str, datetime], int]
"""How many other accounts had succeeded from an address before a time."""


class Moment(NamedTuple):
    """Something an alert would be about."""

    at: datetime
    """When the sign-in in question happened."""
    seen_at: datetime
    """When the log showed enough for an alert."""
    address: str
    kind: str


class CaseStart(NamedTuple):
    """One case: the moments of one address within a day."""

    at: datetime
    seen_at: datetime
    address: str
    kinds: tuple[str, ...]


def find_detections(events: Sequence[SignIn], others_at: OtherUsers) -> list[Moment]:
    """Return what the detections of single accounts find in an account's sign-ins.

    Args:
        events: sign-ins of one account, oldest first.
        others_at: tells how many other accounts used an address; a shared one is no travel.
    """
    found = [
        Moment(run.success_at, run.success_at, run.address, SEED_TRIGGER)
        for run in find_brute_force_successes(events)
    ]
    found += _moments("mfa_fatigue", find_mfa_fatigue(events))
    found += _moments("token_theft", find_token_theft(events))
    found += _moments(
        "impossible_travel",
        (
            travel
            for travel in find_impossible_travel(events)
            if others_at(travel.address, travel.sign_in_at) < SHARED_BY_USERS
        ),
    )
    return found


def _moments(kind: str, detections: Iterable[Detection]) -> list[Moment]:
    return [Moment(one.sign_in_at, one.detected_at, one.address, kind) for one in detections]


def find_alerts(events: Sequence[SignIn]) -> list[Moment]:
    """Return what foreign alerts commonly report about an account (oldest first)."""
    found: list[Moment] = []
    guesses: dict[str, list[datetime]] = defaultdict(list)
    entered: set[str] = set()
    sweeps: dict[str, _Sweep] = defaultdict(_Sweep)
    countries: set[str] = set()
    successes = 0
    for event in events:
        address = external_source_of(event)
        if address is None:
            continue
        if password_was_right(event) and sweeps[address].shows_with(event):
            found.append(Moment(event.at, event.at, address, "platform_sweep"))
        if is_guess(event):
            guesses[address].append(event.at)
            kind = _guessing(guesses[address])
        elif event.succeeded:
            known = countries if successes >= THIN_HISTORY else None
            kind = _success(event, address in entered, guesses[address], known)
            entered.add(address)
            countries.add(event.country or "")
            successes += 1
        else:
            stopped = event.result_code in _STOPPED and address not in entered
            kind = "password_known" if stopped else None
        if kind:
            found.append(Moment(event.at, event.at, address, kind))
    return found


def start_cases(moments: Iterable[Moment]) -> list[CaseStart]:
    """Join moments of one address within a day of the first; oldest case first."""
    cases: list[CaseStart] = []
    open_cases: dict[str, int] = {}
    for moment in sorted(moments, key=lambda one: (one.at, one.seen_at, one.address, one.kind)):
        index = open_cases.get(moment.address)
        known = cases[index] if index is not None else None
        if known is None or moment.at - known.at > EPISODE:
            open_cases[moment.address] = len(cases)
            cases.append(CaseStart(moment.at, moment.seen_at, moment.address, (moment.kind,)))
        elif index is not None:
            cases[index] = _joined(known, moment)
    return cases


def _joined(case: CaseStart, moment: Moment) -> CaseStart:
    """A detection names the sign-in in question better than an alert before it."""
    kinds = tuple(sorted({*case.kinds, moment.kind}))
    seen_at = max(case.seen_at, moment.seen_at)
    if moment.kind in DETECTIONS and not set(case.kinds) & set(DETECTIONS):
        return case._replace(at=moment.at, seen_at=seen_at, kinds=kinds)
    return case._replace(seen_at=seen_at, kinds=kinds)


def _guessing(times: list[datetime]) -> str | None:
    """Return whether this guess is the one that exceeds the seed's threshold."""
    window = timedelta(minutes=WINDOW_MINUTES)
    recent = times[-FAILURE_THRESHOLD - 1 :]
    enough = len(recent) > FAILURE_THRESHOLD and recent[-1] - recent[0] <= window
    return "guessing" if enough else None


class _Sweep:
    """The platforms that lately gave the right password at an address."""

    def __init__(self) -> None:
        self._recent: deque[tuple[datetime, str]] = deque()
        self._platforms: Counter[str] = Counter()

    def shows_with(self, event: SignIn) -> bool:
        """Add a right password; return whether it completes a sweep."""
        if platform := platform_of(event):
            self._recent.append((event.at, platform))
            self._platforms[platform] += 1
        while self._recent and event.at - self._recent[0][0] > SWEEP_PERIOD:
            self._platforms -= Counter([self._recent.popleft()[1]])
        return len(self._platforms) >= SWEPT_PLATFORMS


def _success(
    event: SignIn, entered: bool, guesses: list[datetime], countries: set[str] | None
) -> str | None:
    if (event.risk_level or "").lower() == "high":
        return "high_risk"
    recent = sum(event.at - at <= EPISODE for at in guesses[-FEW_FAILURES:])
    if not entered and recent >= FEW_FAILURES:
        return "failures_then_success"
    if countries is not None and event.country and event.country not in countries:
        return "new_country"
    return None
