"""Links that people may be sent: web addresses only."""

from collections.abc import Iterable
from urllib.parse import urlsplit

LONGEST_URL = 2000


def is_web_url(url: str) -> bool:
    """Tell whether this is an absolute http or https URL without anything odd in it."""
    if len(url) > LONGEST_URL or any(not " " < c < "\x7f" or c in '"<>\\' for c in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False


def web_links(links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the label and URL pairs whose URL is a web address and whose label is not blank."""
    return [(label.strip(), url) for label, url in links if label.strip() and is_web_url(url)]
