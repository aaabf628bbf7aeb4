"""A mail in MIME, as ``sendMail`` takes it, read into the JSON form that is specified.

https://learn.microsoft.com/graph/outlook-send-mime-message: base64 of the whole message, sent as
``text/plain``. Headers that JSON does not take stay beside it.
"""

import base64
import email.policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

THREAD = ("Message-ID", "In-Reply-To", "References")


def from_mime(text: str) -> dict[str, Any]:
    """Return the body of ``sendMail`` that a base64 text stands for.

    Raises:
        ValueError: it is no base64, or no mail with sender and recipients.
    """
    raw = base64.b64decode(text, validate=True)
    message = email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)
    to = getaddresses([str(one) for one in message.get_all("To", [])])
    sender = getaddresses([str(message["From"] or "")])
    if not to or not sender[0][1]:
        raise ValueError("From or To is missing")
    body = message.get_body(("html", "plain"))
    headers = [{"name": name, "value": str(message[name])} for name in THREAD if message[name]]
    return {
        "message": {
            "subject": str(message["Subject"] or ""),
            "from": {"emailAddress": {"name": sender[0][0], "address": sender[0][1]}},
            "toRecipients": [{"emailAddress": {"name": n, "address": a}} for n, a in to],
            "importance": str(message["Importance"] or "normal"),
            "internetMessageId": str(message["Message-ID"] or ""),
            "internetMessageHeaders": headers,
            "body": {
                "contentType": "html",
                "content": body.get_content() if body is not None else "",
            },
        },
        "saveToSentItems": True,
    }
