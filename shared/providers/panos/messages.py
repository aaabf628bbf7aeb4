"""The XML of PAN-OS: messages that tag addresses, and what the firewall answers.

Sources: docs.paloaltonetworks.com, "Apply User-ID Mapping and Populate Dynamic Address Groups
(API)"; PaloAltoNetworks/pan-os-python ``panos/userid.py`` (ISC) for the messages' shape.
"""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from shared.errors import PermanentError, PermissionDenied, RetryableError, TourniquetError

VENDOR = "panos"
LONGEST_TIMEOUT_SECONDS = 2_592_000
"""PAN-OS forgets a registered tag after 30 days at the latest (Palo Alto Networks, "Register IP
addresses and tags dynamically"): whoever keeps a longer block writes it anew before that."""
DONE_ALREADY = ("already exists, ignore", "does not exist, ignore unreg")
"""Errors of a single entry that mean: the firewall has it so already."""
_DENIED = ("403", "15", "16", "22")
"""Forbidden, operation denied, unauthorized, session timed out (XML API error codes)."""
_MAY_PASS = ("2", "3", "4", "5", "11", "21")
"""Internal errors."""


def register(tag: str, timeouts: Mapping[str, int]) -> str:
    """Return the message that tags addresses, each for so many seconds."""
    return _message("register", tag, timeouts)


def unregister(tag: str, addresses: Iterable[str]) -> str:
    """Return the message that takes the tag off addresses."""
    return _message("unregister", tag, dict.fromkeys(addresses))


def _message(kind: str, tag: str, entries: Mapping[str, int | None]) -> str:
    root = Element("uid-message")
    SubElement(root, "version").text = "2.0"
    SubElement(root, "type").text = "update"
    changes = SubElement(SubElement(root, "payload"), kind)
    for address, seconds in entries.items():
        member = SubElement(
            SubElement(SubElement(changes, "entry", {"ip": address}), "tag"), "member"
        )
        member.text = tag
        if seconds is not None:
            member.set("timeout", str(min(max(seconds, 1), LONGEST_TIMEOUT_SECONDS)))
    return tostring(root, encoding="unicode")


def show_registered(address: str) -> str:
    """Return the operational command that shows an address's tags."""
    root = Element("show")
    shown = SubElement(SubElement(root, "object"), "registered-ip")
    SubElement(shown, "ip").text = address
    return tostring(root, encoding="unicode")


def read_answer(text: str, *, operation: str) -> Element:
    """Return the parsed answer.

    PAN-OS says with HTTP 200 that something failed: ``status="error"``. An error that is only
    about entries being so already is none.

    Raises:
        PermissionDenied: the key is refused.
        RetryableError: the answer is not XML, or the firewall is busy.
        PermanentError: anything else that PAN-OS calls an error.
    """
    try:
        answer: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        message = "garbled answer: not XML"
        raise RetryableError(message, vendor=VENDOR, operation=operation) from error
    if answer.get("status") == "success":
        return answer
    lines = _entry_errors(answer)
    if lines and all(line.endswith(DONE_ALREADY) for line in lines):
        return answer
    raise _error(answer, operation)


def tags_of(answer: Element, address: str) -> set[str]:
    """Return the tags that an answer to ``show_registered`` has for the address."""
    entries = answer.iterfind(".//entry")
    found = [entry for entry in entries if entry.get("ip") == address]
    return {member.text or "" for entry in found for member in entry.iterfind(".//member")}


def _entry_errors(answer: Element) -> list[str]:
    entries = answer.iterfind(".//uid-response/payload//entry")
    return [str(entry.get("message", "")).strip() for entry in entries if entry.get("message")]


def _error(answer: Element, operation: str) -> TourniquetError:
    code = answer.get("code", "")
    words = " ".join(" ".join(answer.itertext()).split())
    words = words or "; ".join(_entry_errors(answer)) or "no message"
    kind: type[TourniquetError] = PermanentError
    if code in _DENIED:
        kind = PermissionDenied
    elif code in _MAY_PASS:
        kind = RetryableError
    message = f"code {code}: {words}" if code else words
    return kind(message[:300], vendor=VENDOR, operation=operation)
