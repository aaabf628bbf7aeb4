"""Token theft: a session is carried on from a place, network and machine the account never used.

A stolen cookie or refresh token needs no password and no second factor, so its use is written as a
non-interactive sign-in. A traveller's token comes from a new country too, but from the same phone;
a new phone comes with an interactive sign-in. Here country, network, address and system with
browser are all new at once, the machine is not registered, and the person had signed in before.

The same condition as a Sentinel rule: ``infra/detections/token_theft.yaml``. An intruder who copies
the victim's user agent is left to the impossible travel detection, which reads the same sign-ins.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import device_kind
from shared.playbook.sign_ins.detected import Detection, name_of
from shared.playbook.sign_ins.detection import distinct_attempts, external_source_of, user_of


class TokenTheft(Detection):
    """A non-interactive sign-in in which everything is new for the account."""

    country: str
    asn: int
    device: str
    """Operating system and browser family."""
    app: str | None


def find_token_theft(events: Sequence[SignIn]) -> list[TokenTheft]:
    """Return non-interactive sign-ins that look like a stolen token, oldest first.

    Args:
        events: sign-ins in any order, of one user or several; each user is judged alone.
    """
    successes: dict[str, list[SignIn]] = defaultdict(list)
    for event in distinct_attempts(events):
        if event.succeeded:
            successes[user_of(event)].append(event)
    found = [theft for own in successes.values() for theft in _of_user(own)]
    return sorted(found, key=lambda theft: (theft.sign_in_at, theft.user, theft.address))


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
        if signed_in and (theft := _theft(event)) and seen.isdisjoint(_facts(event)):
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


def _theft(event: SignIn) -> TokenTheft | None:
    """Return what a success says if it is one, ``None`` when anything needed is missing."""
    address, device = external_source_of(event), device_kind(event)
    if event.interactive or event.device_id or not (address and device):
        return None
    if event.asn is None or not event.country:
        return None
    return TokenTheft(
        user=user_of(event),
        user_principal_name=name_of(event),
        address=address,
        sign_in_id=event.id,
        sign_in_at=event.at,
        detected_at=event.at,
        country=event.country,
        asn=event.asn,
        device=device,
        app=event.app,
    )
