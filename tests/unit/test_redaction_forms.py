"""A secret is taken out in every form in which a request carries it."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from lab.planted_secrets import planted, search
from shared.redaction import HIDDEN, redact
from tests.unit.test_redaction import SECRETS, SHAPES

WRITTEN: dict[str, Callable[[str], str]] = {
    "in an address": lambda value: quote(value, safe=""),
    "in base64": lambda value: base64.b64encode(value.encode()).decode(),
    "in base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_is_taken_out_however_it_is_written(
    name: str, way: str, configure: Callable[..., None]
) -> None:
    value = SHAPES.get(name, f"planted/{name}?+\u00ff\u00fe 0123456789")
    configure(**{name: value})
    known = planted({f"TOURNIQUET_{name.upper()}": value})
    hidden = redact(f"refused: {WRITTEN[way](value)} at all")
    assert hidden.replace("=", "") == f"refused: {HIDDEN} at all"
    assert not search(hidden.encode(), "text", known)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("servicenow_username", "servicenow_password"),
        ("jira_email", "jira_api_token"),
        ("smtp_username", "smtp_password"),
    ],
)
def test_a_user_with_a_password_is_taken_out_in_base64(
    user: str, name: str, configure: Callable[..., None]
) -> None:
    given = {user: "tourniquet@contoso.com", name: f"planted-{name}-0123456789"}
    configure(**given)
    known = planted({f"TOURNIQUET_{key.upper()}": value for key, value in given.items()})
    pair = base64.b64encode(":".join(given.values()).encode()).decode()
    assert search(pair.encode(), "text", known)
    assert not search(redact(f"sent {pair} to it").encode(), "text", known)


def test_a_short_value_hides_no_word_however_it_is_written(configure: Callable[..., None]) -> None:
    configure(virustotal_api_key="abcdef")
    assert redact("abcdef YWJjZGVm") == "abcdef YWJjZGVm"
