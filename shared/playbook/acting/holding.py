"""Did the containment hold? Judged from the sign-ins since, and from what people took back."""

from collections.abc import Collection, Sequence

from shared.models.base import Json, format_utc
from shared.models.case import CaseRecord
from shared.models.outcome import ActionOutcome
from shared.models.plan import ActionName
from shared.models.signin import SignIn
from shared.models.undoing import ACCESS, given_back, in_force


def judge_hold(
    events: Sequence[SignIn],
    *,
    addresses: Collection[str],
    incomplete: Sequence[str] = (),
    record: CaseRecord | None = None,
) -> Json:
    """Return ``{"held": true | false | null, "detail"}``.

    A success from one of the case's addresses means that it did not hold; from anywhere, as long
    as the account is disabled. Nobody can tell by the address alone who came from another one after
    the password or the sessions were cut off, nor is it an alarm who came while that was under way
    or after the account was given back. They are counted, so that a person can look.

    Args:
        events: the account's sign-ins since the containment began, oldest first.
        addresses: the case's addresses.
        incomplete: tables that could not be read.
        record: the case as it is now; ``None`` while storage is away: nothing counts as undone.
    """
    back = given_back(record) if record is not None else None
    cuts = [one for one in in_force(record) if one.action in ACCESS] if record is not None else []
    disabled = min((one.at for one in cuts if _is_disabled(one)), default=None)
    complete = max((one.at for one in cuts), default=None)
    came = [one for one in events if one.succeeded]
    inside = [one for one in came if disabled is not None and one.at >= disabled]
    theirs = [one for one in came if one not in inside and one.address in addresses]
    during = [one for one in theirs if complete is not None and one.at < complete]
    wrong = [one for one in came if one in inside or (one in theirs and one not in during)]
    if again := [one for one in wrong if back is None or one.at < back.at]:
        although = ", although the account is disabled" if inside else ""
        return {"held": False, "detail": f"it did NOT hold: {_count(again)}{although}"}
    if back is not None:
        later = [one for one in wrong if one.at >= back.at]
        seen = f"{_count(later)}: make sure it is the user" if later else "no sign-in from there"
        detail = f"taken back by {back.by} at {format_utc(back.at)}; since then {seen}"
        return {"held": None, "detail": detail}
    if incomplete:
        return {"held": None, "detail": f"not known: {'; '.join(incomplete)}"}
    return _unsure(during, [one for one in came if cuts and one not in theirs])


def _is_disabled(outcome: ActionOutcome) -> bool:
    return outcome.action is ActionName.DISABLE_ACCOUNT and outcome.verified is True


def _unsure(during: Sequence[SignIn], others: Sequence[SignIn]) -> Json:
    """Return that it held, unless somebody came of whom a person has to say who it was."""
    seen = []
    if during:
        seen.append(f"{_count(during)}, before the last action: look what was done there")
    if others:
        seen.append(f"other than the attacker's: {_count(others)}: make sure it is the user")
    if seen:
        return {"held": None, "detail": f"not known: {'; '.join(seen)}"}
    return {"held": True, "detail": "no sign-in from the attacker's addresses since"}


def _count(events: Sequence[SignIn]) -> str:
    last = events[-1]
    number = f"{len(events)} sign-in{'s' if len(events) > 1 else ''}"
    return (
        f"{number} from {last.address or 'an unknown address'}, the last at {format_utc(last.at)}"
    )
