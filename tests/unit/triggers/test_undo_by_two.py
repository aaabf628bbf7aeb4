"""Where two people have to want the containment, two have to give the account back, by name."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.directory import Memberships
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
    answer,
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


KIM = person("kim@contoso.com", object_id="11111111-0000-4000-8000-00000000000a")
ANA = person("ana@contoso.com", object_id="11111111-0000-4000-8000-00000000000b")
EVE = person("eve@contoso.com", object_id="11111111-0000-4000-8000-00000000000c", roles=())


@pytest.fixture
def privileged(
    keep: Callable[..., None], govern: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People sign in, and two of them decide about the account."""
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    govern(asking=TWO)
    keep("privileged")


def asked(headers: dict[str, str], **body: Any) -> Any:
    return request(body=BODY | body, headers=headers)


def started_by(client: FakeClient) -> list[tuple[str, str]]:
    given = [one["input"] for one in client.started.values()]
    return [(one["requested_by"], one["comment"]) for one in given]


@pytest.mark.usefixtures("privileged")
async def test_two_approvers_give_the_account_back(house: FakeHouse, client: FakeClient) -> None:
    first = await take_back(asked(KIM), client)
    assert first.status_code == 409 and "second approver" in answer(first)["title"]
    assert not client.started
    events = [one["event"] for one in house.cases.records[CASE_ID]["timeline"]]
    assert any("asked for by kim@contoso.com" in one and "one of two" in one for one in events)
    second = await take_back(asked(ANA, comment="rang her boss"), client)
    assert second.status_code == 202, answer(second)
    assert started_by(client) == [
        ("kim@contoso.com, confirmed by ana@contoso.com", "it was the user / rang her boss")
    ]


@pytest.mark.usefixtures("privileged")
@pytest.mark.parametrize("again", ["kim", "ana"])
async def test_either_of_two_may_send_again_what_was_sent(client: FakeClient, again: str) -> None:
    await take_back(asked(KIM), client)
    assert answer(await take_back(asked(ANA, comment="rang her"), client))["created"] is True
    sent = asked(KIM) if again == "kim" else asked(ANA, comment="rang her")
    response = await take_back(sent, client)
    assert (response.status_code, answer(response)["created"]) == (202, False)
    other = await take_back(asked(ANA, comment="something else"), client)
    assert other.status_code == 409 and "under way" in answer(other)["title"]
    assert len(client.started) == 1


@pytest.mark.usefixtures("privileged")
async def test_a_record_of_before_cases_had_runs_is_given_back_too(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID].pop("run", None)
    await take_back(asked(KIM), client)
    assert (await take_back(asked(ANA), client)).status_code == 202


@pytest.mark.usefixtures("privileged")
async def test_one_person_twice_is_not_two(client: FakeClient) -> None:
    for comment in ("it was the user", "really"):
        response = await take_back(asked(KIM, comment=comment), client)
        assert response.status_code == 409 and "second approver" in answer(response)["title"]
    assert not client.started


@pytest.mark.usefixtures("privileged")
@pytest.mark.parametrize("other", [BY_KEY, EVE], ids=["automation", "no approver"])
async def test_who_is_no_approver_by_name_is_not_the_second(
    client: FakeClient, other: dict[str, str]
) -> None:
    await take_back(asked(KIM), client)
    assert (await take_back(asked(other), client)).status_code in (403, 409)
    assert not client.started


@pytest.mark.usefixtures("privileged")
async def test_a_program_alone_gives_nothing_back(client: FakeClient) -> None:
    for _ in range(2):
        response = await take_back(asked(BY_KEY), client)
        assert response.status_code == 409 and "Two people decide" in answer(response)["title"]
    assert not client.started


@pytest.mark.usefixtures("privileged")
async def test_another_choice_is_no_confirmation(house: FakeHouse, client: FakeClient) -> None:
    """The first wants the account back, the second the rules as well."""
    rules = outcome(ActionName.DISABLE_INBOX_RULES, undo={"rules": [{"id": "1"}]})
    house.cases.records[CASE_ID]["actions"].append(rules)
    await take_back(asked(KIM, actions=["DisableAccount"]), client)
    assert (await take_back(asked(ANA), client)).status_code == 409
    assert not client.started
    assert (await take_back(asked(ANA, actions=["DisableAccount"]), client)).status_code == 202
    assert [names for names, _why in started_by(client)] == [
        "kim@contoso.com, confirmed by ana@contoso.com"
    ]


@pytest.mark.usefixtures("privileged")
async def test_a_first_request_of_long_ago_is_confirmed_by_nobody(
    house: FakeHouse, client: FakeClient
) -> None:
    await take_back(asked(KIM), client)
    [name] = house.cases.claims
    house.cases.claims[name]["at"] = "2026-11-20T12:00:00Z"
    response = await take_back(asked(ANA), client)
    assert response.status_code == 409 and not client.started
    assert (await take_back(asked(KIM), client)).status_code == 202, "now ana is the first"


@pytest.mark.usefixtures("privileged")
async def test_without_a_store_nobody_can_tell_who_was_first(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.failing["claim"] = RetryableError("down", vendor="blob")
    with pytest.raises(RetryableError):
        await take_back(asked(KIM), client)
    assert not client.started


@pytest.mark.usefixtures("privileged")
@pytest.mark.parametrize("headers", [BY_KEY, KIM], ids=["automation", "approver"])
async def test_an_address_is_one_persons_to_give_back(
    house: FakeHouse, client: FakeClient, headers: dict[str, str]
) -> None:
    block = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
    house.cases.records[CASE_ID]["actions"].append(block)
    assert (await take_back(asked(headers, actions=["BlockIP"]), client)).status_code == 202


@pytest.mark.parametrize("headers", [BY_KEY, KIM], ids=["automation", "approver"])
async def test_of_other_accounts_one_is_enough(
    keep: Callable[..., None],
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    client: FakeClient,
    headers: dict[str, str],
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    govern(asking=TWO)
    keep("ordinary")
    assert (await take_back(asked(headers), client)).status_code == 202


def becomes(house: FakeHouse, govern: Callable[..., None], now: str) -> None:
    """Let the account, judged ordinary, become one that two people decide about."""
    govern(asking={"two_persons": ["vip", "privileged"]})
    account = house.cases.records[CASE_ID]["account"]
    if now == "listed":
        govern(asking={"two_persons": ["vip"]}, accounts={"vip": [OBJECT_ID.upper()]})
    elif now == "listed by name":
        account["user_principal_name"] = "Ann@contoso.com"
        govern(asking={"two_persons": ["vip"]}, accounts={"vip": ["ann@contoso.com"]})
    elif now == "administrator":
        house.directory.memberships = Memberships(roles=["User Administrator"])
    elif now == "eligible":
        house.directory.eligible = ["User Administrator"]
    else:
        house.directory.failing["get_memberships"] = RetryableError("down", vendor="entra")


@pytest.mark.parametrize(
    "now", ["listed", "listed by name", "administrator", "eligible", "not known"]
)
async def test_what_the_account_has_become_since_takes_two(
    keep: Callable[..., None],
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    house: FakeHouse,
    client: FakeClient,
    now: str,
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    keep("ordinary")
    becomes(house, govern, now)
    for who, said in ((BY_KEY, "Two people decide"), (KIM, "second approver")):
        response = await take_back(asked(who), client)
        assert response.status_code == 409 and said in answer(response)["title"]
    assert not client.started
    assert (await take_back(asked(ANA), client)).status_code == 202


@pytest.mark.usefixtures("privileged")
async def test_the_page_says_that_it_waits_for_somebody_else(client: FakeClient) -> None:
    seen = await report(request("GET", headers=KIM), client)
    mark = seen.get_body().decode().partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"undo": f"DisableAccount {OBJECT_ID}", "csrf": mark} | BODY
    sent = request(raw=urlencode(fields).encode(), headers=FORM | KIM)
    response = await take_back(sent, client)
    assert response.status_code == 202 and not client.started
    text = response.get_body().decode()
    assert "second approver" in text and "Recorded for kim@contoso.com" in text
