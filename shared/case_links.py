"""Links sent to people, and the session that a browser gets for one: signed, expiring, bound.

A token is in the ticket or message that it is made for and nowhere else: who may read a case's
record or page must not be able to decide by it.

The signature is HMAC-SHA256 over what it is for, case id, purpose, expiry and, of a decision, the
question and the case's run: a link of an answered question answers no later one. That it answers
its own only once follows from the case: after the first decision the record refuses the next.

A browser that opens a link gets a session in a cookie and goes on without the token, so that no
secret stays in its address bar, its history or what it sends to others.
"""

import base64
import hashlib
import hmac
import time
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from shared.models.base import Json, parse_utc
from shared.settings import Settings


class Purpose(StrEnum):
    """What a link or a session may be used for."""

    REPORT = "report"
    DECISION = "decision"
    UNDO = "undo"
    """Never a link: the session of the browser that has decided."""


class Use(StrEnum):
    """What a token is: one cannot stand for the other."""

    LINK = "link"
    SESSION = "session"


REPORT_LINK_SECONDS = 30 * 24 * 3600
"""From the arrival of the incident: a report is read during the whole handling (seed 004: up to
24 h) and review."""
SESSION_SECONDS = 3600
"""How long a browser may go on after it opened a link; never longer than the link itself."""


class Claims(NamedTuple):
    """What a genuine token says."""

    expires_at: int
    question: int
    run: str = ""


def sign(
    key: str,
    case_id: str,
    purpose: Purpose,
    expires_at: int,
    *,
    question: int = 1,
    run: str = "",
    use: Use = Use.LINK,
) -> str:
    """Return the token ``<expiry>.<question>.<run>.<signature>`` for one case and purpose.

    Args:
        key: the secret from the settings.
        case_id: the case.
        purpose: what the token may be used for.
        expires_at: Unix time in seconds after which the token is refused.
        question: which of the case's questions it may answer.
        run: of which run of the case (``shared.models.run``); empty where nothing is answered.
        use: a link, or the session of a browser that opened one.
    """
    text = "\n".join((use, purpose, str(expires_at), str(question), run, case_id))
    return f"{expires_at}.{question}.{run}.{_digest(key, text)}"


def is_valid(key: str, token: str, case_id: str, purpose: Purpose, *, now: float) -> bool:
    """Return whether a link's token is genuine, for this case and purpose, and not expired."""
    return isinstance(read_token(key, token, case_id, purpose, now=now), Claims)


def read_token(
    key: str, token: str, case_id: str, purpose: Purpose, *, now: float, use: Use = Use.LINK
) -> Claims | str:
    """Return what a token says, or why it is refused, for the log.

    An expired one is called so only when it is genuine otherwise.
    """
    parts = token.split(".")
    if not (token.isascii() and len(parts) == 4 and all(map(_is_number, parts[:2]))):
        return "malformed"
    claims = Claims(int(parts[0]), int(parts[1]), parts[2])
    expected = sign(
        key, case_id, purpose, claims.expires_at, question=claims.question, run=claims.run, use=use
    )
    if not hmac.compare_digest(expected.encode(), token.encode()):
        return "not signed by this app for this case and purpose"
    return claims if claims.expires_at >= now else "expired"


def _is_number(text: str) -> bool:
    return text.isdigit() and len(text) <= 12


def csrf_token(key: str, holder: str) -> str:
    """Return what a form must repeat to count as sent by our page.

    Args:
        key: the secret from the settings.
        holder: the session, or who is signed in and the case: another one's form is refused.
    """
    return _digest(key, f"csrf\n{holder}")


def _digest(key: str, text: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def case_links(record: Json, settings: Settings) -> dict[str, str]:
    """Return the addresses of a case's pages as the record keeps them: none opens anything.

    The pages are there where a key is configured, the decision's only while one is awaited.
    """
    base = f"{settings.public_url.rstrip('/')}/api/cases/{quote(record['case_id'])}"
    if settings.link_signing_key is None:
        return {"status": base}
    links = {"status": base, "report": f"{base}/report"}
    waits = record["status"] == "awaiting_decision" and record.get("asked")
    return links | ({"decision": f"{base}/decision"} if waits else {})


def with_signed_links(record: Json, settings: Settings) -> Json:
    """Return the record as tickets and messages are made from it: its links open their pages.

    Tokens are made when they are sent and kept nowhere. Of the same record they are the same, so
    that what is written again is the same text. The decision link expires with its deadline.
    """
    links = case_links(record, settings)
    if settings.link_signing_key is None:
        return record | {"links": links}
    case_id, key = record["case_id"], settings.link_signing_key.get_secret_value()
    at = (record.get("sla") or {}).get("received_at")
    received = parse_utc(at).timestamp() if at else time.time()
    ends = {"report": (Purpose.REPORT, int(received) + REPORT_LINK_SECONDS)}
    if "decision" in links:
        deadline = int(parse_utc(record["asked"]["answer_by"]).timestamp())
        ends["decision"] = (Purpose.DECISION, deadline)
    for name, (purpose, end) in ends.items():
        about: Json = {}
        if purpose is Purpose.DECISION:
            about = {"question": record.get("question", 1), "run": record.get("run", "")}
        links[name] += f"?token={sign(key, case_id, purpose, end, **about)}"
    return record | {"links": links}
