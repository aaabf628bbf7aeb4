"""What happened to the second factor at Okta sign-ins: it is told by another event of the session.

``user.session.start`` says that a session began, ``user.authentication.auth_via_mfa`` which factor
was given in it. Okta logs every factor, so a session without such an event used none.
"""

from collections.abc import Iterable
from datetime import timedelta

from shared.models.signin import MfaResult, SignIn

AT_SIGN_IN = timedelta(minutes=15)
"""A factor given longer before a success was given for something else: it counts as a claim."""


def with_session_factors(events: Iterable[SignIn]) -> list[SignIn]:
    """Return the attempts of one account, with the second factor that their session shows.

    Only successes that do not say themselves are changed, and only where the log names the session
    and nobody refused a factor in it.
    """
    events = list(events)
    sessions: dict[str, list[SignIn]] = {}
    for event in events:
        if event.session_id is not None and event.mfa_result is not MfaResult.UNKNOWN:
            sessions.setdefault(event.session_id, []).append(event)
    return [_told(event, sessions) for event in events]


def _told(event: SignIn, sessions: dict[str, list[SignIn]]) -> SignIn:
    if not event.succeeded or event.session_id is None:
        return event
    if event.mfa_result is not MfaResult.UNKNOWN:
        return event
    factors = sessions.get(event.session_id, [])
    given = [one for one in factors if one.mfa_result is MfaResult.SATISFIED]
    if any(abs(one.at - event.at) <= AT_SIGN_IN for one in given):
        result = MfaResult.SATISFIED
    elif any(one.at < event.at for one in given):
        result = MfaResult.SATISFIED_BY_CLAIM
    elif factors:
        return event
    else:
        result = MfaResult.NOT_REQUIRED
    return event.model_copy(update={"mfa_result": result})
