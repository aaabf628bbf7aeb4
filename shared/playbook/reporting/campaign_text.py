"""What people read about the other accounts that one address hit."""

from collections.abc import Sequence
from urllib.parse import quote

from shared.models.base import Json, format_utc
from shared.models.case import CampaignCase
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.case_view import CaseView, when

MOST_NAMED = 5
"""Accounts that a sentence names; the record names more."""
MOST_LINKED = 3
"""Cases that a next step links; with their links more would not fit in a line."""
MOST_SHOWN = 20
WIDESPREAD = 3
"""Accounts, this one included, from which it is "widespread compromise" (seed 004, section 9)."""
_NAME_LIMIT = 60


def hit_words(count: int, accounts: Sequence[str], address: str) -> str:
    """Return how many other accounts were hit from where, and who: the latest."""
    names = [one_line(name, _NAME_LIMIT) for name in accounts[-MOST_NAMED:]]
    return f"{_were_hit(count, address)}: {_listed(names, count)}"


def others_hit(view: CaseView) -> int:
    """Return how many other accounts the address hit, as far as the record knows."""
    return max(view.record.campaign_count, len(view.record.campaign))


def campaign_title(view: CaseView) -> str:
    """Return what the message to the SOC is about: the address and how many accounts it hit."""
    cases = view.record.campaign
    address = cases[-1].address if cases else view.address
    return f"{others_hit(view) + 1} accounts were hit from {address or 'one address'}"


def campaign_steps(view: CaseView) -> list[str]:
    """Return the step that sends the analyst to the other cases; none without others."""
    cases = view.record.campaign
    if not cases:
        return []
    linked = [_linked(view, one) for one in cases[-MOST_LINKED:]]
    words = f"{_were_hit(others_hit(view), cases[-1].address)}: {_listed(linked, others_hit(view))}"
    return [f"{words}; look at them together."]


def campaign_lines(view: CaseView) -> list[str]:
    """Return one line a case, the latest first, with its link."""
    shown = view.record.campaign[::-1][:MOST_SHOWN]
    lines = [
        f"{when(format_utc(one.opened_at))} {view.text(one.account)} ({one.confidence}, from "
        f"{view.text(one.address)}): {_url(view, one)}"
        for one in shown
    ]
    more = others_hit(view) - len(shown)
    return [*lines, *([f"... and {more} more"] if shown and more > 0 else [])]


def campaign_links(view: CaseView) -> list[tuple[str, str]]:
    """Return label and address of the latest other cases, for channels with buttons."""
    return [
        (f"Case of {one_line(one.account, _NAME_LIMIT)}", _url(view, one))
        for one in view.record.campaign[::-1][:MOST_LINKED]
        if "status" in view.record.links
    ]


def seen_from(case_id: str, cases: Sequence[Json], count: int) -> Json:
    """Return what the record of one of the cases gains; ``cases`` has one of each account."""
    named = [one for one in cases if one["case_id"] != case_id]
    return {"campaign": named, "campaign_count": count}


def _were_hit(count: int, address: str) -> str:
    noun, verb = ("account", "was") if count == 1 else ("accounts", "were")
    return f"{count} other {noun} {verb} hit from {one_line(address, _NAME_LIMIT)}"


def _listed(names: Sequence[str], count: int) -> str:
    more = count - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _linked(view: CaseView, one: CampaignCase) -> str:
    return f"{one_line(one.account, _NAME_LIMIT)} ({_url(view, one)})"


def _url(view: CaseView, one: CampaignCase) -> str:
    """Return where people read the other case: they sign in there, a token is not for others."""
    own = view.record.links.get("status", "")
    base, _slash, _own_id = own.rpartition("/")
    return f"{base}/{quote(one.case_id)}/report" if base else one.case_id
