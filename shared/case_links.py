"""Links sent to people: signed, expiring, good for one case and one purpose.

The signature is HMAC-SHA256 over case id, purpose and expiry. That a decision link works only
once follows from the case: after the first decision the record refuses the next.
"""

import base64
import hashlib
import hmac
import time
from enum import StrEnum
from urllib.parse import quote

from shared.models.base import Json
from shared.settings import Settings


class Purpose(StrEnum):
    """What a link may be used for."""

    REPORT = "report"
    DECISION = "decision"


REPORT_LINK_SECONDS = 30 * 24 * 3600
"""A report is read during the whole handling of an incident (seed 004: up to 24 h) and review."""


def sign(key: str, case_id: str, purpose: Purpose, expires_at: int) -> str:
    """Return the token ``<expiry>.<signature>`` for one case and purpose.

    Args:
        key: the secret from the settings.
        case_id: the case.
        purpose: what the link may be used for.
        expires_at: Unix time in seconds after which the token is refused.
    """
    text = f"{case_id}\n{purpose}\n{expires_at}".encode()
    digest = hmac.new(key.encode(), text, hashlib.sha256).digest()
    return f"{expires_at}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def is_valid(key: str, token: str, case_id: str, purpose: Purpose, *, now: float) -> bool:
    """Return whether a token is genuine, for this case and purpose, and not expired."""
    expiry, _dot, _signature = token.partition(".")
    if not (token.isascii() and expiry.isdigit() and len(expiry) <= 12) or int(expiry) < now:
        return False
    expected = sign(key, case_id, purpose, int(expiry))
    return hmac.compare_digest(expected.encode(), token.encode())


def case_links(record: Json, settings: Settings) -> dict[str, str]:
    """Return the links of a case: always the status, and signed ones when a key is configured.

    The decision link is there only while a decision is awaited, and expires with its deadline.
    """
    case_id = record["case_id"]
    base = f"{settings.public_url.rstrip('/')}/api/cases/{quote(case_id)}"
    links = {"status": base}
    if settings.link_signing_key is None:
        return links
    key = settings.link_signing_key.get_secret_value()
    now = int(time.time())
    if "report" not in record["links"]:
        token = sign(key, case_id, Purpose.REPORT, now + REPORT_LINK_SECONDS)
        links["report"] = f"{base}/report?token={token}"
    if record["status"] == "awaiting_decision" and "decision" not in record["links"]:
        expiry = now + int(settings.approval_deadline_minutes * 60)
        token = sign(key, case_id, Purpose.DECISION, expiry)
        links["decision"] = f"{base}/decision?token={token}"
    return links
