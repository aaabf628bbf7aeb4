"""What callers can show, genuine and forged, as the headers and parameters of a request."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shared.case_links import Purpose, Use, sign
from shared.permissions.callers import Way
from tests.unit.triggers.calls import (
    AUTOMATION_KEY,
    CASE_ID,
    FORM,
    LINK_KEY,
    person,
    session,
)
from tests.unit.triggers.calls import token as link

FUNCTION_KEY = "the key of this function"
SLACK_SECRET = "the secret of the chat"
OTHER_CASE = "case-fedcba9876543210fedcba98"


@dataclass(frozen=True)
class Shown:
    """Headers and parameters; ``csrf`` is what the page's form repeats."""

    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    slack: bool = False
    """Whether the request is to be signed as Slack signs; ``slack_secret`` says by which secret."""
    slack_secret: str = SLACK_SECRET
    slack_seconds_ago: int = 0
    is_function_key: bool = False
    """Whether the key that is shown is one that the host knows."""

    def and_signed_in(self, headers: dict[str, str]) -> "Shown":
        """Return the same, by somebody who has signed in."""
        return replace(self, headers=self.headers | headers)


def by_session(purpose: Purpose, case_id: str = CASE_ID, **more: int) -> Shown:
    """Return a browser that opened a link; what it sends is a form."""
    headers, csrf = session(purpose, case_id, **more)
    return Shown(headers | FORM, csrf=csrf)


def by_link(purpose: Purpose, case_id: str = CASE_ID, seconds: int = 60) -> Shown:
    """Return the holder of a link."""
    return Shown(params={"token": link(purpose, case_id, seconds=seconds)})


def by_key(key: str) -> Shown:
    """Return a program with a key."""
    return Shown({"x-functions-key": key}, is_function_key=key == FUNCTION_KEY)


GENUINE: dict[Way, Callable[[], Shown]] = {
    Way.FUNCTION_KEY: lambda: by_key(FUNCTION_KEY),
    Way.AUTOMATION_KEY: lambda: by_key(AUTOMATION_KEY),
    Way.REPORT_LINK: lambda: by_link(Purpose.REPORT),
    Way.DECISION_LINK: lambda: by_link(Purpose.DECISION),
    Way.REPORT_SESSION: lambda: by_session(Purpose.REPORT),
    Way.DECISION_SESSION: lambda: by_session(Purpose.DECISION),
    Way.UNDO_SESSION: lambda: by_session(Purpose.UNDO),
    Way.APPROVER: lambda: Shown(person()),
    Way.APPROVER_AND_LINK: lambda: by_link(Purpose.DECISION).and_signed_in(person()),
    Way.READER_AND_LINK: lambda: by_link(Purpose.REPORT).and_signed_in(person(roles=())),
    Way.APPROVER_AND_KEY: lambda: by_key(FUNCTION_KEY).and_signed_in(person()),
    Way.BOTH_KEYS: lambda: replace(by_key(AUTOMATION_KEY), is_function_key=True),
    Way.SLACK: lambda: Shown(slack=True),
}
SIGNED_IN: dict[Way, Way | None] = {
    Way.APPROVER: None,
    Way.APPROVER_AND_LINK: Way.DECISION_LINK,
    Way.READER_AND_LINK: Way.REPORT_LINK,
    Way.APPROVER_AND_KEY: Way.FUNCTION_KEY,
}
"""Ways with a sign-in, and what is left of each where the headers of a sign-in are anybody's."""


def _signed(
    purpose: str, *, key: str = LINK_KEY, use: Use = Use.LINK, seconds: int = 60
) -> dict[str, str]:
    until = int(time.time()) + seconds
    return {"token": sign(key, CASE_ID, Purpose(purpose), until, use=use)}


def _later(token: str) -> dict[str, str]:
    expiry, _dot, rest = token.partition(".")
    return {"token": f"{int(expiry) + 1}.{rest}"}


def _cut(token: str) -> dict[str, str]:
    return {"token": token[:-1]}


EACH = (Purpose.REPORT, Purpose.DECISION, Purpose.UNDO)
FORGED: dict[str, Callable[[], Shown]] = {
    "nothing": Shown,
    "a wrong key": lambda: by_key("x" * 32),
    "the key's beginning": lambda: by_key(AUTOMATION_KEY[:-1]),
    "the key with more": lambda: by_key(AUTOMATION_KEY + " "),
    "the key in another case": lambda: by_key(AUTOMATION_KEY.upper()),
    "the key as a parameter": lambda: Shown(params={"code": AUTOMATION_KEY}),
    "the signing key": lambda: by_key(LINK_KEY),
    "a key of odd characters": lambda: by_key("\udcff\u0130"),
    "an empty token": lambda: Shown(params={"token": ""}),
    "two tokens": lambda: Shown(params={"token": f"{link(EACH[0])},{link(EACH[1])}"}),
    "an approver where none are signed in": lambda: Shown(person()),
    "Slack's signature by another secret": lambda: Shown(slack=True, slack_secret="x"),
    "Slack's signature of last hour": lambda: Shown(slack=True, slack_seconds_ago=3600),
    "a link to undo": lambda: Shown(params=_signed(Purpose.UNDO)),
}
FORGED |= {
    f"{purpose}: {what}": made
    for purpose in EACH
    for what, made in {
        "expired": lambda one=purpose: by_link(one, seconds=-1),
        "of another case": lambda one=purpose: by_link(one, OTHER_CASE),
        "signed by another": lambda one=purpose: Shown(params=_signed(one, key="x" * 32)),
        "a session as a link": lambda one=purpose: Shown(params=_signed(one, use=Use.SESSION)),
        "made to last longer": lambda one=purpose: Shown(params=_later(link(one))),
        "cut short": lambda one=purpose: Shown(params=_cut(link(one))),
        "session expired": lambda one=purpose: by_session(one, seconds=-1),
        "session of another case": lambda one=purpose: by_session(one, OTHER_CASE),
        "a link as a session": lambda one=purpose: Shown(
            {"cookie": f"tourniquet-{one}={link(one)}"} | FORM
        ),
    }.items()
}
SIGNED_IN_BUT_NOT: dict[str, Callable[[], Shown]] = {
    "no approver": lambda: Shown(person(roles=())),
    "no approver, with the decision link": lambda: by_link(Purpose.DECISION).and_signed_in(
        person(roles=())
    ),
    "no approver, of a role like it": lambda: Shown(person(roles=("Tourniquet.Approver2",))),
    "no approver, of that role in small letters": lambda: Shown(
        person(roles=("tourniquet.approver",))
    ),
    "the account of the case": lambda: Shown(person("ann@contoso.com")),
    "the account of the case, with the decision link": lambda: by_link(
        Purpose.DECISION
    ).and_signed_in(person("ann@contoso.com")),
}
