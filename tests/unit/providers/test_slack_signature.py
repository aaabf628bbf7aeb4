"""Slack's request signature, with the example of Slack's own documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.providers.slack.signature import is_genuine, sign

# https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
STAMP = "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_the_documented_example() -> None:
    assert sign(SECRET, STAMP, BODY) == SIGNATURE
    assert is_genuine(SECRET, STAMP, SIGNATURE, BODY, now=1531420620)


@pytest.mark.parametrize("now", [1531420618 + 301, 1531420618 - 301])
def test_a_clock_too_far_off_is_refused(now: float) -> None:
    assert not is_genuine(SECRET, STAMP, SIGNATURE, BODY, now=now)


@given(st.text(), st.text(), st.binary())
def test_nothing_made_up_is_genuine(stamp: str, signature: str, body: bytes) -> None:
    assert not is_genuine(SECRET, stamp, signature, body, now=1531420618)
