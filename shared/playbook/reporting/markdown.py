"""Markdown for the SIEM's comments: everything from logs is text, nothing is markup."""

import re


def escape(text: str) -> str:
    """Make text from outside harmless in Markdown: no markup, no HTML, no link.

    A web address is shown as text: ``://`` and ``www.`` no longer start a link.
    """
    text = re.sub(r"([\\`*{}\[\]#|~!])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"(?i)\bwww\.", r"www\\.", text.replace("://", r":\//"))


def is_plain_url(url: str) -> bool:
    """Return whether a web address can stand in a Markdown link as it is."""
    return is_web_address(url) and not re.search(r"[()<>\[\]\\\"]", url)


def is_web_address(url: str) -> bool:
    """Return whether this is a web address as RFC 3986 writes one: nothing in it hides."""
    return re.fullmatch(r"https?://[!-~]{1,2000}", url) is not None
