"""A notification as a mail message: plain text and HTML of the same content.

Nothing in a notification can become a header, a tag or a script: header values lose their line
breaks and are encoded by the standard library, the HTML is escaped by Jinja2, and only web links
are kept.
"""

import hashlib
import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from shared.errors import PermanentError
from shared.models.message import Notification
from shared.providers.links import web_links

VENDOR = "email"
LONGEST_SUBJECT = 200
MESSAGE_ID = re.compile(r"<[A-Za-z0-9._-]+@[A-Za-z0-9.-]+>")


def compose(notification: Notification, *, sender: str, recipients: list[str]) -> EmailMessage:
    """Return the message to send.

    The Message-ID is made of the case and a hash of what is said to whom, so that the same
    notification sent twice is one message to mail systems that care. ``reference``, the Message-ID
    of an earlier mail of the case, puts this one into the same conversation.

    Raises:
        PermanentError: the sender or a recipient is not a mail address.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = [_address(recipient) for recipient in recipients]
    message["Subject"] = _one_line(notification.subject or notification.title)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id(notification, sender=sender, recipients=recipients)
    message["Auto-Submitted"] = "auto-generated"
    if notification.urgent:
        message["Importance"] = "high"
        message["X-Priority"] = "1"
    if notification.reference and MESSAGE_ID.fullmatch(notification.reference):
        message["In-Reply-To"] = notification.reference
        message["References"] = notification.reference
    message.set_content(plain_text(notification))
    message.add_alternative(html(notification), subtype="html")
    return message


def message_id(notification: Notification, *, sender: str, recipients: list[str]) -> str:
    """Return the Message-ID: the same for the same content to the same people."""
    content = notification.model_dump_json(exclude={"recipients"}) + "\n".join(sorted(recipients))
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    case = re.sub(r"[^A-Za-z0-9_-]", "-", notification.case_id)[:64] or "case"
    domain = re.sub(r"[^A-Za-z0-9.-]", "-", sender.rpartition("@")[2].rstrip("> "))
    return f"<{case}.{digest}@{domain}>"


def plain_text(notification: Notification) -> str:
    """Return the body for readers of plain text."""
    parts = [notification.title, "", notification.summary]
    if notification.facts:
        parts += ["", *(f"{label}: {value}" for label, value in notification.facts)]
    if notification.lines:
        parts += ["", *(f"- {line}" for line in notification.lines)]
    if links := web_links(notification.links):
        parts += ["", *(f"{label}: {url}" for label, url in links)]
    return "\n".join([*parts, "", f"Case {notification.case_id}", ""])


def html(notification: Notification) -> str:
    """Return the body for readers of HTML, everything escaped."""
    values = notification.model_dump(include={"case_id", "title", "summary", "facts", "lines"})
    links = web_links(notification.links)
    return _template().render(**values, urgent=notification.urgent, links=links)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("message.html.j2")


def _address(text: str) -> Address:
    name, plain = parseaddr(text)
    try:
        address = Address(display_name=_one_line(name), addr_spec=plain)
    except (ValueError, IndexError, MessageError) as error:
        raise PermanentError("not a mail address", vendor=VENDOR) from error
    if not address.username or not address.domain:
        raise PermanentError("not a mail address", vendor=VENDOR)
    return address


def _one_line(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", text).split())
    # What looks like an encoded word (RFC 2047) would be decoded by whoever reads the mail.
    return line.replace("=?", "= ?")
