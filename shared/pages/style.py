"""The pages' style sheet and its hash: the security policy allows this text and no other style."""

import base64
import hashlib
from functools import cache
from pathlib import Path


@cache
def style() -> str:
    """Return the style sheet that stands inside every page."""
    return (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def style_source() -> str:
    """Return the source expression for ``style-src`` of a content security policy."""
    digest = hashlib.sha256(style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
