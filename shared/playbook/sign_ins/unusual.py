"""How a sign-in compares with the account's past, and how it got from the last place to this."""

from collections.abc import Sequence
from typing import Any

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins import baseline as usual
from shared.playbook.sign_ins.sessions import find_session_elsewhere, is_refresh_without_sign_in
from shared.playbook.sign_ins.suspect import same_address
from shared.playbook.sign_ins.token_theft import find_everything_new
from shared.playbook.sign_ins.travel import distance_km, speed_km_per_hour

LEGACY_CLIENTS: frozenset[str] = frozenset(
    {
        "authenticated smtp",
        "autodiscover",
        "exchange activesync",
        "exchange online powershell",
        "exchange web services",
        "imap",
        "imap4",
        "mapi over http",
        "offline address book",
        "other clients",
        "outlook anywhere (rpc over http)",
        "pop",
        "pop3",
        "reporting web services",
        "smtp",
    }
)
"""``ClientAppUsed`` values of legacy authentication, which cannot do multifactor authentication.

Source: learn.microsoft.com, "Block legacy authentication with Conditional Access".
"""
ROPC = "ropc"
"""``AuthenticationProtocol`` of the resource owner password grant, which "is incompatible with
multifactor authentication". Source: learn.microsoft.com, v2-oauth-ropc."""


def compare(subject: SignIn, past: Sequence[SignIn], attempts: Sequence[SignIn]) -> dict[str, Any]:
    """Return the fields of ``SignInAnalysis`` that say how unusual a sign-in is.

    Args:
        subject: the suspicious sign-in.
        past: the successes that count as its past (``baseline.past_of``).
        attempts: all sign-ins, oldest first.
    """
    base = usual.build_baseline(past)
    known = usual.is_known_address(base, subject)
    new_country = usual.is_new_country(base, subject)
    km, speed = _travel(subject, attempts)
    return {
        "login_location_variance": usual.distance_to_usual_km(base, subject),
        "first_seen_address": None if known is None else not known,
        "travel_km": km,
        "travel_km_per_hour": speed,
        "new_country": new_country,
        "new_network": usual.is_new_network(base, subject),
        "usual_network": usual.is_usual_network(base, subject),
        "new_device": usual.is_new_device(base, subject),
        "new_app": usual.is_new_app(base, subject),
        "new_device_code": usual.is_new_device_code(base, subject),
        "unusual_hour": usual.is_unusual_hour(base, subject),
        "legacy_protocol": _is_legacy(subject),
        **_habits(subject, past),
        **_tokens(subject, attempts, new_country),
        "history_successes": base.successes,
        "history_days": base.days,
        "thin_history": base.thin,
    }


def _habits(subject: SignIn, past: Sequence[SignIn]) -> dict[str, Any]:
    """Return what looks careless but has been so for days, as with scanners and old mail apps."""
    client = [event for event in past if _client(event) == _client(subject)]
    here = [event for event in past if same_address(event, subject)]
    # A script and its author share the office's address; only the script has no second factor.
    program = [event for event in here if _program(event) == _program(subject)]
    return {
        "usual_client": _on_many_days(client) if any(_client(subject)) else None,
        "usual_without_mfa": _is_plain(here) or _is_plain(program) if subject.address else None,
    }


def _is_legacy(event: SignIn) -> bool | None:
    """Whether nothing could have asked for a second factor; ``None`` when the log does not say."""
    if (event.authentication_protocol or "").lower() == ROPC:
        return True
    return event.client_app.lower() in LEGACY_CLIENTS if event.client_app else None


def _client(event: SignIn) -> tuple[str | None, str | None]:
    return event.client_app, event.authentication_protocol


def _program(event: SignIn) -> tuple[str | None, str | None, str | None]:
    return event.app, event.client_app, event.user_agent


def _is_plain(events: Sequence[SignIn]) -> bool:
    """Whether these successes are a habit of many days, and never had a second factor."""
    plain = all(event.mfa_result is MfaResult.NOT_REQUIRED for event in events)
    return plain and _on_many_days(events)


def _on_many_days(events: Sequence[SignIn]) -> bool:
    return len({event.at.date() for event in events}) >= usual.USUAL_DAYS


def _tokens(
    subject: SignIn, attempts: Sequence[SignIn], new_country: bool | None
) -> dict[str, Any]:
    """Return what speaks for a stolen session or token; a sign-in that failed has none."""
    if not subject.succeeded:
        return {}
    thefts = () if subject.interactive else find_everything_new(attempts)
    return {
        "session_named": bool(subject.session_id or subject.token_id),
        "session_elsewhere": find_session_elsewhere(subject, attempts),
        "refresh_without_sign_in": is_refresh_without_sign_in(
            subject, attempts, new_country=new_country
        ),
        "everything_new": any(theft.sign_in_id == subject.id for theft in thefts),
    }


def _travel(subject: SignIn, attempts: Sequence[SignIn]) -> tuple[float | None, float | None]:
    """Return km and km/h from the last success at another address before the subject."""
    if subject.latitude is None or subject.longitude is None:
        return None, None
    for event in reversed(attempts):
        if event.latitude is None or event.longitude is None or not event.succeeded:
            continue
        if event.at <= subject.at and not same_address(event, subject):
            km = distance_km(event.latitude, event.longitude, subject.latitude, subject.longitude)
            return round(km, 1), round(speed_km_per_hour(km, event.at, subject.at), 1)
    return None, None
