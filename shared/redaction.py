"""Takes secrets out of text that people or other systems will read: logs, errors, histories.

A net under the code, not in place of care: whoever makes an error names what failed without quoting
credentials. It knows the secrets of the settings by their value, and tokens by their form.
"""

import base64
import json
import os
import re
from functools import cache
from typing import get_args
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import SecretStr, ValidationError

from shared.settings import Settings, get_settings

HIDDEN = "***"
LEAST_CHARACTERS = 8
"""Shorter values would hide words that are no secret."""
_FROM_ENVIRONMENT = ("AZURE_CLIENT_SECRET", "IDENTITY_HEADER", "MSI_SECRET")
_SECRET_FIELDS = tuple(
    name
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
)
_PAIRS = {
    "servicenow_password": "servicenow_username",
    "jira_api_token": "jira_email",
    "smtp_password": "smtp_username",
}
"""Secrets that go out with a user's name before them, both together in base64."""
_NAMED = re.compile(
    r"(?i)((?:[?&;,\s\"']|^)(?:code|token|sig|key|api[_-]?key|apikey|secret|client_secret|password|"
    r"access_token|refresh_token|client_assertion|accountkey|sharedaccesskey|x-functions-key)"
    r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?)([^&;,\s\"'<>]{8,})"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic|dpop|sswS)\s{1,3}([\w.~+/=-]{12,})")
_TOKEN = re.compile(
    r"\beyJ[\w-]{8,2000}\.[\w-]{8,8000}\.[\w-]{8,2000}"
    r"|\b1\d{9}\.\d{1,6}\.(?:[\w-]{0,64}\.)?[\w-]{43}(?![\w-])"
    r"|\bxox[abeoprs]-[\w-]{10,300}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]{1,8000}"
)
"""JSON Web Tokens, our signed links, Slack's tokens, private keys in PEM; all of bounded length."""


def redact(text: str) -> str:
    """Return the text with every secret in it replaced by ``***``."""
    for value in _known():
        text = text.replace(value, HIDDEN)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _TOKEN.sub(HIDDEN, _SCHEME.sub(rf"\1 {HIDDEN}", text))


def _known() -> tuple[str, ...]:
    try:
        settings = get_settings()
    except ValidationError:
        # The app does not start with such settings; what it logs about that names fields only.
        return ()
    values = {
        name: value.get_secret_value()
        for name in _SECRET_FIELDS
        if (value := getattr(settings, name)) is not None
    }
    return _all_forms(
        *(os.environ.get(name, "") for name in _FROM_ENVIRONMENT),
        *values.values(),
        *(
            f"{getattr(settings, user) or ''}:{values[name]}"
            for name, user in _PAIRS.items()
            if name in values
        ),
    )


@cache
def _all_forms(*values: str) -> tuple[str, ...]:
    """Return what hides in these values, the longest first; they are the same for a process."""
    found = {form for value in values for form in _forms(value)}
    return tuple(sorted((one for one in found if len(one) >= LEAST_CHARACTERS), key=len)[::-1])


def _forms(value: str) -> set[str]:
    parts = {value}
    if value.startswith("https://"):
        parts |= {text for name, text in parse_qsl(urlsplit(value).query) if name == "sig"}
    if value.lstrip().startswith("{"):
        parts |= _key_parts(value)
    # By the secret's own length: a word is longer in base64 and would hide words.
    return {
        form for part in parts if len(part) >= LEAST_CHARACTERS for form in _ways_to_write(part)
    }


def _ways_to_write(value: str) -> set[str]:
    """Return a secret as it stands in a text, in JSON, in an address and in a header."""
    encoded = value.encode(errors="surrogatepass")
    return {
        value,
        json.dumps(value)[1:-1],
        quote(encoded, safe=""),
        base64.b64encode(encoded).decode(),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }


def _key_parts(value: str) -> set[str]:
    """Return what is secret in a key file or a JSON Web Key."""
    try:
        key = json.loads(value)
    except (ValueError, RecursionError):
        return set()
    names = ("private_key", "d", "p", "q", "dp", "dq", "qi")
    found = [key[name] for name in names if isinstance(key, dict) and name in key]
    return {one for one in found if isinstance(one, str)}
