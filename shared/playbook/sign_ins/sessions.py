"""Sessions and tokens that turn up where they were not given out.

A stolen cookie or refresh token carries the second factor with it, so nothing else in the sign-in
looks wrong. A session that merely changes network is a laptop on its way home; what is looked for
is a change that no laptop makes. Source: Microsoft, "Token theft playbook" (session and token
identifiers seen from several places); learn.microsoft.com, "Track and investigate identity
activities with linkable identifiers" (all tokens of one root authentication carry its session id,
a stolen one and what is redeemed for it too).
"""

from collections.abc import Sequence

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import device_kind, system_of
from shared.playbook.sign_ins.detection import source_of
from shared.playbook.sign_ins.models import SessionElsewhere
from shared.playbook.sign_ins.travel import distance_km, is_impossible_travel, speed_km_per_hour

OTHER_SYSTEM = "another operating system"
OTHER_BROWSER = "another country and browser"
_FAMILIES: dict[tuple[str, ...], str] = {
    ("mac", "ios", "ipad"): "apple",
    ("android", "linux"): "linux",
}


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


def machine_misfit(subject: SignIn, event: SignIn) -> str | None:
    """Return why two uses of a session are not one machine's, ``None`` when they may be.

    A stolen token brings the device id of its owner, so the same id explains another browser (a
    mail program beside it, through a VPN), never another operating system.
    """
    families = {system_family(subject), system_family(event)}
    if "" not in families and len(families) == 2:
        return OTHER_SYSTEM
    if subject.device_id and subject.device_id == event.device_id:
        return None
    kinds = {device_kind(subject), device_kind(event)}
    moved = subject.country and event.country and subject.country != event.country
    return OTHER_BROWSER if moved and None not in kinds and len(kinds) == 2 else None


def system_family(event: SignIn) -> str:
    """Return the kind of operating system, empty if unknown.

    A tablet's browser says it is a desktop (iPadOS as macOS), and so does a telephone's (Android as
    Linux).
    """
    system = system_of(event)
    for beginnings, family in _FAMILIES.items():
        if system.startswith(beginnings):
            return family
    return system


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
    misfit = machine_misfit(subject, event)
    return misfit or ("impossible travel" if _is_too_far(subject, event) else None)


def _is_too_far(subject: SignIn, event: SignIn) -> bool:
    ends = (subject.latitude, subject.longitude, event.latitude, event.longitude)
    if any(one is None for one in ends):
        return False
    km = distance_km(*(one for one in ends if one is not None))
    speed = speed_km_per_hour(km, event.at, subject.at)
    return bool(is_impossible_travel(km, speed))
