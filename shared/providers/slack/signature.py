"""Is a request really from Slack? https://docs.slack.dev/authentication/verifying-requests-from-slack."""

import hashlib
import hmac

MOST_SECONDS_APART = 300
"""Slack's advice: a request whose clock is further off may be a replay."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature Slack puts into ``X-Slack-Signature``."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def is_genuine(secret: str, timestamp: str, signature: str, body: bytes, *, now: float) -> bool:
    """Return whether Slack signed this body just now; ``now`` is Unix time in seconds."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > MOST_SECONDS_APART:
        return False
    shown = signature.encode("utf-8", "surrogatepass")
    return hmac.compare_digest(sign(secret, timestamp, body).encode(), shown)
