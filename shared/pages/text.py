"""How values of a record become text on a page: safe, bounded, in words."""

import re
import unicodedata
from datetime import datetime, timedelta

from markupsafe import Markup

from shared.models.base import parse_utc

SHOWN_ITEMS = 200
"""Longest list shown on a page; the record has all of it."""
TEXT_LIMIT = 1_000
"""Longest text shown; a log may hold a user agent of megabytes."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that do not show or can make a text read as another (control, bidi, breaks
that are none in HTML)."""
_OTHER_CASE = re.compile(r" \(https?://[^\s()]+/api/cases/case-[0-9a-f]{24}/report\)", re.ASCII)
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")


def clean(value: object) -> object:
    """Return what is printed for any value: hidden characters visible, bounded, nothing for None.

    Every expression of every template passes through here (Jinja's ``finalize``).
    """
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = value if len(value) <= TEXT_LIMIT else f"{value[:TEXT_LIMIT]} ... (cut)"
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in _HIDDEN and char not in "\n\t"
        else char
        for char in text
    )


def when(value: str | datetime | None) -> str:
    """Return a time as ``2026-11-20 12:04:05 UTC``."""
    return parse_utc(value).strftime("%Y-%m-%d %H:%M:%S UTC") if value else "not known"


def day_of(value: str | datetime, after: int) -> str:
    """Return the day that is ``after`` days later, as ``2026-11-20``."""
    return (parse_utc(value) + timedelta(days=after)).strftime("%Y-%m-%d")


def clock(value: str | datetime) -> str:
    """Return the time of day as ``12:04:05``."""
    return parse_utc(value).strftime("%H:%M:%S")


def duration(seconds: float | None) -> str:
    """Return a duration in seconds as people say it."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    )


def time_left(until: datetime, now: datetime) -> str:
    """Return how long there is time, in whole minutes, rounded down; empty when there is none."""
    minutes = int((until - now).total_seconds() // 60)
    if minutes < 0:
        return ""
    if minutes < 120:
        return f"{minutes} minutes" if minutes > 1 else "less than 2 minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


def account_kind(kind: str) -> str:
    """Return a kind of account as people say it, for a badge."""
    known = {"vip": "VIP", "break_glass": "break-glass account", "unknown": "kind not known"}
    return known.get(kind, f"{kind} account")


def weight(value: float) -> str:
    """Return a reason's weight with its sign; a true minus, which is as wide as the plus."""
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}") if value else "0"


def capitalize_first(value: str) -> str:
    """Return a text as a sentence starts, the rest untouched."""
    return value[:1].upper() + value[1:]


def readable(value: str) -> str:
    """Return a sentence with its ISO 8601 times as people read them: ``2026-11-20 12:04:05Z``."""
    return _ISO_TIME.sub(r"\1 \2Z", value)


def words(value: object) -> str:
    """Return a value of the record as people read it."""
    if value is None or value == "":
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(words(item) for item in value[:SHOWN_ITEMS]) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {words(item)}" for key, item in value.items()) or "none"
    return str(value)


def web_link(value: object) -> str:
    """Return a web address that may become a link, else nothing: ``javascript:`` is none."""
    return value if isinstance(value, str) and re.fullmatch(r"https?://[!-~]+", value) else ""


def case_link(value: object) -> str:
    """Return where another case's report is, seen from a case's page, or nothing."""
    is_id = isinstance(value, str) and re.fullmatch(r"case-[0-9a-f]{24}", value, re.ASCII)
    return f"../{value}/report" if is_id else ""


def without_query(url: str) -> str:
    """Return an address without what may be secret in it; pages lead on by their session."""
    return url.partition("?")[0]


def without_case_links(value: str) -> str:
    """Return a sentence without the addresses of other cases; the page links them in a section."""
    return _OTHER_CASE.sub("", value)
