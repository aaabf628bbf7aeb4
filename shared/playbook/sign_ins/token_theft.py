"""Token theft: a session is carried on by a machine that cannot be the one it was opened on.

Two signs, each enough. *Everything new*: a stolen cookie or refresh token needs no password and no
second factor, so its use is written as a non-interactive sign-in. A traveller's token comes from a
new country too, but from the same phone; a new phone comes with an interactive sign-in. Here
country, network, address and system with browser are all new at once, the machine is not
registered, and the person had signed in before. *One session, two machines*: the session id of an
earlier success turns up at another address on a machine that the session did not have, with another
operating system, or in another country with another browser; interactive or not, as a stolen cookie
in a browser is written as either.

The same condition as a Sentinel rule: ``infra/detections/token_theft.yaml``. An intruder who copies
the victim's user agent is left to the impossible travel detection, which reads the same sign-ins.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import device_kind
from shared.playbook.sign_ins.detected import Detection, name_of
from shared.playbook.sign_ins.detection import distinct_attempts, external_source_of, user_of
from shared.playbook.sign_ins.sessions import OTHER_BROWSER, OTHER_SYSTEM, machine_misfit

EVERYTHING_NEW = "everything new"


class TokenTheft(Detection):
    """A sign-in with a token or session that was not this machine's."""

    reason: str
    """``EVERYTHING_NEW``, or what does not fit to the earlier uses of the session."""
    session_id: str | None
    country: str | None
    asn: int | None
    device: str
    """Operating system and browser family."""
    app: str | None


def find_token_theft(events: Sequence[SignIn]) -> list[TokenTheft]:
    """Return sign-ins that look like a stolen token or session, oldest first.

    Args:
        events: sign-ins in any order, of one user or several; each user is judged alone.
    """
    found = find_everything_new(events)
    known = {theft.sign_in_id for theft in found}
    found += [theft for theft in _find_carried_on(events) if theft.sign_in_id not in known]
    return sorted(found, key=_order)


def find_everything_new(events: Sequence[SignIn]) -> list[TokenTheft]:
    """Return non-interactive sign-ins in which everything is new for the account, oldest first.

    Args:
        events: sign-ins in any order, of one user or several; each user is judged alone.
    """
    successes: dict[str, list[SignIn]] = defaultdict(list)
    for event in distinct_attempts(events):
        if event.succeeded:
            successes[user_of(event)].append(event)
    return sorted((theft for own in successes.values() for theft in _of_user(own)), key=_order)


def _order(theft: TokenTheft) -> tuple[datetime, str, str]:
    return theft.sign_in_at, theft.user, theft.address


def _find_carried_on(events: Sequence[SignIn]) -> Iterable[TokenTheft]:
    """Yield the first use of a session by a machine that it cannot have been opened on."""
    sessions: dict[tuple[str, str], dict[object, SignIn]] = defaultdict(dict)
    for event in distinct_attempts(events):
        address, device = external_source_of(event), device_kind(event)
        if event.succeeded and event.session_id and address and device:
            use = (address, event.asn, event.country, event.device_id, device)
            sessions[user_of(event), event.session_id].setdefault(use, event)
    for uses in sessions.values():
        firsts = list(uses.values())
        if len({device_kind(event) for event in firsts}) > 1:
            yield from filter(None, (_carried_on(event, firsts) for event in firsts))


def _carried_on(subject: SignIn, uses: Sequence[SignIn]) -> TokenTheft | None:
    earlier = [event for event in uses if event.at < subject.at]
    if any(device_kind(event) == device_kind(subject) for event in earlier):
        return None
    misfits = {
        machine_misfit(subject, event)
        for event in earlier
        if external_source_of(event) != external_source_of(subject)
    }
    reason = next((one for one in (OTHER_SYSTEM, OTHER_BROWSER) if one in misfits), None)
    return _theft(subject, reason) if reason else None


def _of_user(successes: list[SignIn]) -> Iterable[TokenTheft]:
    signed_in = False
    seen: set[tuple[str, object]] = set()
    waiting: list[SignIn] = []
    """Successes of the present instant: they do not make one another known."""
    for event in successes:
        if waiting and waiting[0].at < event.at:
            for earlier in waiting:
                seen.update(_facts(earlier))
                signed_in = signed_in or earlier.interactive
            waiting.clear()
        waiting.append(event)
        if signed_in and (theft := _unfamiliar(event)) and seen.isdisjoint(_facts(event)):
            yield theft


def _facts(event: SignIn) -> Iterable[tuple[str, object]]:
    """Yield what a sign-in makes known, by kind."""
    facts = {
        "address": external_source_of(event),
        "asn": event.asn,
        "country": event.country,
        "device": device_kind(event),
    }
    return [(kind, value) for kind, value in facts.items() if value is not None]


def _unfamiliar(event: SignIn) -> TokenTheft | None:
    """Return what a success says if everything is new, ``None`` when anything needed is missing."""
    if event.interactive or event.device_id or event.asn is None or not event.country:
        return None
    return _theft(event, EVERYTHING_NEW)


def _theft(event: SignIn, reason: str) -> TokenTheft | None:
    address, device = external_source_of(event), device_kind(event)
    if not (address and device):
        return None
    return TokenTheft(
        user=user_of(event),
        user_principal_name=name_of(event),
        address=address,
        sign_in_id=event.id,
        sign_in_at=event.at,
        detected_at=event.at,
        reason=reason,
        session_id=event.session_id,
        country=event.country,
        asn=event.asn,
        device=device,
        app=event.app,
    )
