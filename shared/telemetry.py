"""What the app writes to its log, and what it does not."""

import logging

_CHATTY = ("azure", "httpx", "msal", "urllib3", "aiosmtplib")
"""Vendors' libraries log every request with its address and headers at INFO: that is personal data,
and by far most of what Application Insights would charge for."""


def configure_logging() -> None:
    """Let vendors' libraries log warnings only; our loggers stay as the host sets them."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("azure.functions").setLevel(logging.INFO)
