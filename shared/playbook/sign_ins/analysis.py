"""Analyse an account's sign-ins: which success is the suspicious one, and how unusual it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.models.signin import MfaResult, SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins import baseline as usual
from shared.playbook.sign_ins.codes import (
    MFA_STOP_CODES,
    PASSWORD_RIGHT_CODES,
    POLICY_STOP_CODES,
    describe_code,
)
from shared.playbook.sign_ins.detection import (
    BruteForce,
    GuessingRun,
    distinct_attempts,
    find_brute_force_success,
    find_guessing_run,
    is_guess,
    source_of,
)
from shared.playbook.sign_ins.models import (
    REPORTED_BY_ALERT,
    CodeCount,
    FailedLogins,
    SignInAnalysis,
    SuccessfulLogin,
)
from shared.playbook.sign_ins.platform_sweep import platforms_around
from shared.playbook.sign_ins.suspect import (
    LOOK_BACK,
    find_last_try,
    find_suspicious_success,
    same_address,
)
from shared.playbook.sign_ins.unusual import compare

_MFA_REFUSED = "500121"
_MFA_REFUSAL_PERIOD = timedelta(hours=1)
_SHOWN_ADDRESSES = 10
_SHOWN_AGENTS = 5


class _Guesses(NamedTuple):
    """Guessing from the suspicious address."""

    brute_force: BruteForce | None
    run: GuessingRun | None
    failures: list[SignIn]


def analyse_sign_ins(
    events: Sequence[SignIn],
    *,
    addresses: list[str],
    successful_login_time: datetime | None,
    window_minutes: int,
    now: datetime,
    period: tuple[datetime, datetime] | None = None,
) -> SignInAnalysis:
    """Analyse one account's sign-ins.

    Args:
        events: the account's sign-ins of the look-back and baseline period, in any order.
        addresses: the incident's addresses; when empty, every address is a suspect.
        successful_login_time: the reported time of the success, when the incident has one.
        window_minutes: the seed's ``detection_time_window``.
        now: the case's own "now"; later events are left out.
        period: first and last activity of the incident, where no time was reported.
    """
    attempts = [event for event in distinct_attempts(events) if event.at <= now]
    # Some alerts come days later, such as Identity Protection's about sprays and leaks.
    since = min(now, successful_login_time or now) - LOOK_BACK
    recent = [event for event in attempts if event.at > since]
    window = timedelta(minutes=window_minutes)
    suspects = frozenset(a for text in addresses if (a := normalise_address(text)))
    success = find_suspicious_success(
        attempts, recent, suspects, reported=successful_login_time, window=window, period=period
    )
    subject = success or find_last_try(recent, suspects)
    if subject is None:
        return SignInAnalysis(
            attempts=len(attempts), notes=[_nothing_found(attempts, recent, suspects)]
        )

    own = [event for event in recent if same_address(event, subject)]
    guesses = _guesses(own, subject, window, succeeded=success is not None)
    past = usual.past_of(subject, attempts)
    return SignInAnalysis(
        **_seed_outputs(success, guesses),
        **_stopped(own, recent, subject),
        **compare(subject, past, attempts),
        **_last_logon(past, subject, guesses.failures),
        **_guessed_all_along(own, subject),
        guessing_countries=_guessing_countries(recent, subject),
        attempts=len(attempts),
        platforms=platforms_around(subject, own),
        success_only_reported=success is not None and success.id == REPORTED_BY_ALERT,
        brute_force=guesses.brute_force,
        guessing_run=guesses.run,
        suspicious_address=source_of(subject),
        mfa_status_at_login=_mfa_status(success, own),
        notes=_notes(success, past, window_minutes),
    )


def _guesses(
    own: Sequence[SignIn], subject: SignIn, window: timedelta, *, succeeded: bool
) -> _Guesses:
    minutes = int(window.total_seconds() // 60)
    brute_force = (
        find_brute_force_success(own, address=subject.address, window_minutes=minutes)
        if succeeded
        else None
    )
    run = find_guessing_run(own, address=subject.address, window_minutes=minutes)
    counted = brute_force or (None if succeeded else run)
    start = subject.at - window
    if counted:
        start = min(start, counted.first_failure_at)
    failures = [event for event in own if is_guess(event) and start <= event.at <= subject.at]
    return _Guesses(brute_force, run, failures)


def _guessed_all_along(own: Sequence[SignIn], subject: SignIn) -> dict[str, Any]:
    """Count the guesses of the whole look-back: patient ones stay under every window."""
    times = [event.at for event in own if is_guess(event) and event.at <= subject.at]
    return {"guesses": len(times), "first_guess_at": times[0] if times else None}


def _guessing_countries(recent: Sequence[SignIn], subject: SignIn) -> list[str]:
    """Return where the wrong passwords of the last day came from, whichever their address."""
    return sorted(
        {
            event.country
            for event in recent
            if event.country
            and is_guess(event)
            and timedelta(0) <= subject.at - event.at <= usual.EPISODE
        }
    )


def _seed_outputs(success: SignIn | None, guesses: _Guesses) -> dict[str, Any]:
    return {
        "successful_login_details": _details(success) if success else None,
        "mfa_result_successful_login": success.mfa_result if success else None,
        "failed_logins_count": len(guesses.failures),
        "failed_login_details": _failed_details(guesses.failures),
    }


def _details(success: SignIn) -> SuccessfulLogin:
    return SuccessfulLogin(
        id=success.id,
        time=success.at,
        address=source_of(success),
        country=success.country,
        city=success.city,
        asn=success.asn,
        device_id=success.device_id,
        device=success.device_name,
        device_compliant=success.device_compliant,
        operating_system=success.operating_system,
        browser=success.browser,
        user_agent=success.user_agent,
        app=success.app,
        client_app=success.client_app,
        interactive=success.interactive,
        authentication_requirement=success.authentication_requirement,
        authentication_methods=success.authentication_methods,
        conditional_access_status=success.conditional_access_status,
        risk_level=success.risk_level,
        risk_state=success.risk_state,
        trusted_location=success.trusted_location,
        authentication_protocol=success.authentication_protocol,
        session_id=success.session_id,
        correlation_id=success.correlation_id,
        directory=success.directory,
    )


def _failed_details(failures: Sequence[SignIn]) -> FailedLogins:
    codes = Counter(event.result_code for event in failures)
    agents = Counter(event.user_agent for event in failures if event.user_agent)
    seen = sorted({address for event in failures if (address := event.address)})
    return FailedLogins(
        by_code=[
            CodeCount(code=code, meaning=describe_code(code), count=count)
            for code, count in sorted(codes.items(), key=lambda item: (-item[1], item[0]))
        ],
        first_at=failures[0].at if failures else None,
        last_at=failures[-1].at if failures else None,
        addresses=seen[:_SHOWN_ADDRESSES],
        user_agents=[
            agent for agent, _ in sorted(agents.items(), key=lambda item: (-item[1], item[0]))
        ][:_SHOWN_AGENTS],
    )


def _stopped(own: Sequence[SignIn], recent: Sequence[SignIn], subject: SignIn) -> dict[str, Any]:
    """Count right passwords that were stopped; a prompt that was then passed is no stop."""
    completed = {event.correlation_id for event in own if event.succeeded and event.correlation_id}
    stopped = [event for event in own if event.correlation_id not in completed]
    by_mfa = _sign_ins(event for event in stopped if event.result_code in MFA_STOP_CODES)
    by_policy = _sign_ins(event for event in stopped if event.result_code in POLICY_STOP_CODES)
    known = any(event.succeeded or event.result_code in PASSWORD_RIGHT_CODES for event in own)
    refusals = sum(
        event.result_code == _MFA_REFUSED
        and timedelta(0) <= subject.at - event.at <= _MFA_REFUSAL_PERIOD
        for event in recent
    )
    return {
        "stopped_by_mfa": by_mfa,
        "stopped_by_policy": by_policy,
        "password_known": known,
        "mfa_refusals": refusals,
    }


def _sign_ins(events: Iterable[SignIn]) -> int:
    """Count sign-ins: a prompt and its refusal share a correlation id and are one."""
    return len({event.correlation_id or event.id for event in events})


def _last_logon(
    past: Sequence[SignIn], subject: SignIn, failures: Sequence[SignIn]
) -> dict[str, Any]:
    attack_start = failures[0].at if failures else subject.at
    before = [event for event in past if event.at < attack_start]
    elsewhere = [event for event in before if not same_address(event, subject)]
    if not before:
        return {}
    last = (elsewhere or before)[-1]
    place = ", ".join(part for part in (last.city, last.country) if part)
    return {
        "last_known_logon_location": place or last.address,
        "last_known_logon_time": last.at,
    }


def _mfa_status(success: SignIn | None, own: Sequence[SignIn]) -> str | None:
    if success:
        return success.mfa_result.value
    if any(event.result_code in MFA_STOP_CODES for event in own):
        return MfaResult.DENIED.value
    return None


def _notes(success: SignIn | None, past: Sequence[SignIn], window_minutes: int) -> list[str]:
    notes = []
    if success is None:
        notes.append("No successful sign-in from the suspicious addresses in the last 72 hours.")
    elif success.id == REPORTED_BY_ALERT:
        notes.append(
            f"The sign-in log does not show the success at {success.at:%Y-%m-%dT%H:%M:%SZ} from "
            f"{success.address} that the alert reports: its details are the alert's own, and "
            "nothing is known of its second factor and device."
        )
    elif success.mfa_result is MfaResult.UNKNOWN:
        notes.append("The log does not say what happened to multifactor authentication.")
    if len(past) < usual.THIN_HISTORY:
        notes.append(
            f"Thin history: only {len(past)} earlier successes; what is usual is uncertain."
        )
    notes.append(f"Failures are attempts (not log rows) in a window of {window_minutes} minutes.")
    return notes


def _nothing_found(
    attempts: Sequence[SignIn], recent: Sequence[SignIn], suspects: frozenset[str]
) -> str:
    if not attempts:
        return "The sign-in log has no events of this account in the period."
    where = f"from {', '.join(sorted(suspects))}" if suspects else "that stands out"
    return (
        f"No successful sign-in and no password failure {where} "
        f"among {len(recent)} sign-ins in the last 72 hours."
    )
