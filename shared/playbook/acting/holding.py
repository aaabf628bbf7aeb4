"""Did the containment hold? Judged from the sign-ins since, and from what people took back."""

from collections.abc import Collection, Sequence

from shared.models.base import Json, format_utc
from shared.models.case import CaseRecord
from shared.models.plan import ActionName
from shared.models.signin import SignIn
from shared.models.undoing import given_back, in_force


def judge_hold(
    events: Sequence[SignIn],
    *,
    addresses: Collection[str],
    incomplete: Sequence[str] = (),
    record: CaseRecord | None = None,
) -> Json:
    """Return ``{"held": true | false | null, "detail"}``.

    A success from one of the case's addresses means that it did not hold; from anywhere, as long
    as the account is disabled. What happens after the account was given back is to be expected and
    no alarm; it is counted, so that a person can look whether it was the user.

    Args:
        events: the account's sign-ins since the containment, oldest first.
        addresses: the case's addresses.
        incomplete: tables that could not be read.
        record: the case as it is now; ``None`` while storage is away: nothing counts as undone.
    """
    back = given_back(record) if record is not None else None
    disabled = record is not None and any(
        one.action is ActionName.DISABLE_ACCOUNT and one.verified is True
        for one in in_force(record)
    )
    wrong = [one for one in events if one.succeeded and (disabled or one.address in addresses)]
    again = [one for one in wrong if back is None or one.at < back.at]
    if again:
        although = ", although the account is disabled" if disabled else ""
        detail = f"it did NOT hold: {_count(again)}{although}"
        return {"held": False, "detail": detail}
    if back is not None:
        later = [one for one in wrong if one.at >= back.at]
        seen = f"{_count(later)}: make sure it is the user" if later else "no sign-in from there"
        detail = f"taken back by {back.by} at {format_utc(back.at)}; since then {seen}"
        return {"held": None, "detail": detail}
    if incomplete:
        return {"held": None, "detail": f"not known: {'; '.join(incomplete)}"}
    return {"held": True, "detail": "no sign-in from the attacker's addresses since"}


def _count(events: Sequence[SignIn]) -> str:
    last = events[-1]
    number = f"{len(events)} sign-in{'s' if len(events) > 1 else ''}"
    return (
        f"{number} from {last.address or 'an unknown address'}, the last at {format_utc(last.at)}"
    )
