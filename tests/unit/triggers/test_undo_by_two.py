"""A link's session takes nothing back where two people have to want the containment."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.models.base import Json
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID, outcome
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FORM,
    LINK_KEY,
    FakeClient,
    handler,
    person,
    request,
    session,
)
from triggers import cases, undo

take_back = handler(undo.undo_actions)
report = handler(cases.get_report)

DISABLED = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})
TWO = {"two_persons": ["privileged"]}
ASKED = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}
BODY = {"comment": "it was the user"}


@pytest.fixture
def keep(house: FakeHouse, configure: Callable[..., None]) -> Callable[..., None]:
    """Keep a case about an account of these kinds, contained without anybody being asked."""
    configure(link_signing_key=LINK_KEY)

    def write(*kinds: str, **changes: Any) -> None:
        account = {"key": "a" * 32, "object_id": OBJECT_ID, "kinds": list(kinds)}
        house.cases.records[CASE_ID] = record(actions=[DISABLED], account=account, **changes)

    return write


def form() -> Any:
    """Send the form as the browser does that has answered a question."""
    cookie, mark = session(Purpose.UNDO)
    fields = {"undo": f"DisableAccount {OBJECT_ID}", "csrf": mark} | BODY
    return request(raw=urlencode(fields).encode(), headers=FORM | cookie)


async def is_offered(client: FakeClient) -> bool:
    """Return whether the report has the form, as that browser sees it."""
    cookie, _mark = session(Purpose.UNDO)
    seen = await report(request("GET", headers=cookie), client)
    assert seen.status_code == 200
    return b'name="undo"' in seen.get_body()


@pytest.mark.parametrize(
    ("kinds", "asking", "asked"),
    [
        (("privileged",), TWO, None),
        (("unknown", "guest"), TWO, None),
        ((), TWO, None),
        (("ordinary",), {}, ASKED | {"two_persons": True}),
    ],
    ids=["privileged", "unknown", "not recorded", "asked of two"],
)
async def test_who_answered_by_a_link_cannot_give_the_account_back(
    keep: Callable[..., None],
    govern: Callable[..., None],
    client: FakeClient,
    kinds: tuple[str, ...],
    asking: Json,
    asked: Json | None,
) -> None:
    govern(asking=asking)
    keep(*kinds, asked=asked)
    response = await take_back(form(), client)
    assert response.status_code == 403
    assert "Two people decide" in response.get_body().decode()
    assert not await is_offered(client)
    assert not client.started


async def test_of_other_accounts_the_session_takes_back(
    keep: Callable[..., None], govern: Callable[..., None], client: FakeClient
) -> None:
    govern(asking=TWO)
    keep("ordinary")
    assert await is_offered(client)
    assert (await take_back(form(), client)).status_code == 202


@pytest.mark.parametrize("headers", [BY_KEY, person()], ids=["automation", "approver"])
async def test_who_is_known_by_name_takes_back(
    keep: Callable[..., None],
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    client: FakeClient,
    headers: dict[str, str],
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    govern(asking=TWO)
    keep("privileged")
    response = await take_back(request(body=BODY, headers=headers), client)
    assert response.status_code == 202
