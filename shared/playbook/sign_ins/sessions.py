"""Sessions and tokens that turn up where they were not given out.

A stolen cookie or refresh token carries the second factor with it, so nothing else in the sign-in
looks wrong. A session that merely changes network is a laptop on its way home; what is looked for
is a change that no laptop makes. Source: Microsoft, "Token theft playbook" (session and token
identifiers seen from several places).
"""

from collections.abc import Sequence

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import device_kind
from shared.playbook.sign_ins.detection import source_of
from shared.playbook.sign_ins.models import SessionElsewhere
from shared.playbook.sign_ins.travel import distance_km, is_impossible_travel, speed_km_per_hour


def find_session_elsewhere(subject: SignIn, attempts: Sequence[SignIn]) -> SessionElsewhere | None:
    """Return the latest earlier use of the sign-in's session or token that does not fit to it.

    Args:
        subject: the suspicious sign-in.
        attempts: the account's sign-ins, oldest first.
    """
    for event in reversed(attempts):
        if not event.succeeded or event.at > subject.at or event.id == subject.id:
            continue
        what = _shared(subject, event)
        if what is None or source_of(event) == source_of(subject):
            continue
        misfit = "another address" if what == "token" else _misfit(subject, event)
        if misfit:
            return SessionElsewhere(
                what=what,
                at=event.at,
                address=source_of(event),
                country=event.country,
                device=event.device_name or device_kind(event),
                misfit=misfit,
            )
    return None


def is_refresh_without_sign_in(
    subject: SignIn, attempts: Sequence[SignIn], *, new_country: bool | None
) -> bool | None:
    """Whether a token is used in a new country in which nobody typed anything.

    ``None`` when it cannot be said whether the country is new.
    """
    if subject.interactive or not new_country:
        return False if subject.interactive else new_country
    return not any(
        event.succeeded and event.interactive and event.country == subject.country
        for event in attempts
    )


def _shared(subject: SignIn, event: SignIn) -> str | None:
    if subject.token_id and subject.token_id == event.token_id:
        return "token"
    if subject.session_id and subject.session_id == event.session_id:
        return "session"
    return None


def _misfit(subject: SignIn, event: SignIn) -> str | None:
    """Return what a machine cannot change within a session, ``None`` when it may be the same."""
    systems = [(one.operating_system or "").split(" ")[0].lower() for one in (subject, event)]
    if all(systems) and systems[0] != systems[1]:
        return "another operating system"
    kinds = [device_kind(one) for one in (subject, event)]
    moved = bool(subject.country and event.country and subject.country != event.country)
    if moved and all(kinds) and kinds[0] != kinds[1]:
        return "another country and browser"
    return "impossible travel" if _is_too_far(subject, event) else None


def _is_too_far(subject: SignIn, event: SignIn) -> bool:
    ends = (subject.latitude, subject.longitude, event.latitude, event.longitude)
    if any(one is None for one in ends):
        return False
    km = distance_km(*(one for one in ends if one is not None))
    speed = speed_km_per_hour(km, event.at, subject.at)
    return bool(is_impossible_travel(km, speed))
