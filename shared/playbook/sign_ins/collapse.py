"""Rows to attempts: one sign-in each, oldest first.

Entra writes several rows for one attempt: the same ``Id`` again when details arrive late, and one
row per interruption (second factor, "stay signed in?", consent) before the conclusion, tied
together by ``CorrelationId``. Wrong passwords in one browser session share a ``CorrelationId``
too; they are attempts of their own and stay so. ``OriginalRequestId`` does not help: it is mostly
the row's own ``Id``.
"""

from collections.abc import Iterable
from datetime import timedelta

from shared.models.signin import SignIn

INTERRUPTIONS = frozenset(
    {
        *("16000", "16001", "50058", "50072", "50074", "50076", "50079", "50097", "50125", "50127"),
        *("50129", "50140", "50143", "50158", "50199", "50203", "51006", "52004", "65001", "81012"),
    }
)
"""Codes Entra documents as interrupts: the user is asked for something and the flow goes on."""
FIRST_FACTOR_FAILURES = frozenset({"50034", "50053", "50055", "50056", "50126"})
"""A wrong password begins a new attempt, it does not conclude an interrupted one."""
LONGEST_PROMPT = timedelta(minutes=15)
"""A prompt left open longer is an attempt that was given up."""


def collapse(rows: Iterable[SignIn]) -> list[SignIn]:
    """Return attempts, oldest first, of rows in any order."""
    latest: dict[str, SignIn] = {}
    for row in sorted(rows, key=lambda item: (item.at, len(item.authentication_methods))):
        known = latest.get(row.id)
        latest[row.id] = row if known is None else _later(known, row)
    return _without_interruptions(sorted(latest.values(), key=lambda item: (item.at, item.id)))


def _later(known: SignIn, row: SignIn) -> SignIn:
    """The same event again: the conclusion wins over an interruption, then the later row."""
    if row.result_code in INTERRUPTIONS and known.result_code not in INTERRUPTIONS:
        return known
    interactive = known.interactive or row.interactive
    return row.model_copy(update={"at": known.at, "interactive": interactive})


def _without_interruptions(events: list[SignIn]) -> list[SignIn]:
    absorbed: dict[str, list[str]] = {}
    waiting: dict[tuple[str | None, ...], list[SignIn]] = {}
    dropped: set[str] = set()
    for event in events:
        if event.correlation_id is None:
            continue
        # Someone who tries one account after another in one browser keeps the correlation id.
        user = event.user_principal_name or event.user_id
        flow = (event.correlation_id, event.address, user and user.lower())
        if event.result_code in INTERRUPTIONS:
            waiting.setdefault(flow, []).append(event)
            continue
        pending = waiting.pop(flow, [])
        if event.result_code not in FIRST_FACTOR_FAILURES:
            codes: list[str] = []
            for earlier in reversed(pending):
                # The same prompt twice was two attempts, of which only the last one went on.
                if earlier.result_code in codes or event.at - earlier.at > LONGEST_PROMPT:
                    break
                codes.append(earlier.result_code)
                dropped.add(earlier.id)
            absorbed[event.id] = codes[::-1]
    return [_noted(event, absorbed.get(event.id)) for event in events if event.id not in dropped]


def _noted(event: SignIn, codes: list[str] | None) -> SignIn:
    if not codes:
        return event
    note = f"interrupted before it concluded: {', '.join(codes)}"
    return event.model_copy(update={"notes": [*event.notes, note]})
