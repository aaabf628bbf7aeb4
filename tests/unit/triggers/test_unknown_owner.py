"""While no directory tells whose account it is, nobody who may be its owner lets it go."""

import json
import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.models.base import Json
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.playbook.records import planned, record
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
    token,
)
from tests.unit.triggers.workspace import Workspace
from triggers import decisions, slack

decide = handler(decisions.post_decision)
interact = handler(slack.slack_interaction)

SID = "S-1-5-21-1-2-3-1104"
ACCOUNTS: dict[str, Json] = {
    "login": {"user_id": "alind"},
    "SID": {"user_id": SID, "sid": SID},
    "object id": {"user_id": OBJECT_ID, "object_id": OBJECT_ID},
    "Okta id": {"user_id": "00u1", "object_id": "00u1", "directory": "okta"},
    "name": {"user_id": "alind", "user_principal_name": "alind@contoso.com"},
    "mail": {"user_id": "alind", "mail_addresses": ["ada.lind@contoso.example"]},
}
SAID = "no directory has told whose account this is"


@pytest.fixture
def ask(
    house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]
) -> Callable[[str], None]:
    """Put the question about an account that is known by so much only."""
    configure(
        slack_signing_secret="how Slack signs",
        link_signing_key=LINK_KEY,
        automation_key=BY_KEY["x-functions-key"],
    )
    govern(asking={"approvers": {"slack": ["U0ANALYST1"], "roles": ["Tourniquet.Approver"]}})

    def put(known: str) -> None:
        house.cases.records[CASE_ID] = record(
            status="awaiting_decision",
            plan=[
                planned("RevokeSessions", "ask"),
                planned("BlockIP", "ask"),
                planned("ConfirmCompromised", "ask"),
            ],
            actions=[],
            account={"key": "a" * 32, "kinds": ["unknown"]} | ACCOUNTS[known],
        )

    return put


async def press(client: FakeClient, house: FakeHouse, action: str) -> list[str]:
    """Answer in Slack as Kim; return what the thread says."""
    workspace = Workspace("kim@contoso.com")
    house.providers.notifiers.insert(0, workspace)
    button = {"action_id": f"decide:{action}", "value": f"{CASE_ID} {token(Purpose.DECISION)}"}
    user = {"id": "U0ANALYST1", "username": "kim"}
    payload = {"type": "block_actions", "user": user, "actions": [button]}
    raw, stamp = urlencode({"payload": json.dumps(payload)}).encode(), str(int(time.time()))
    signed = {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": sign("how Slack signs", stamp, raw),
    }
    assert (await interact(request(raw=raw, headers=signed), client)).status_code == 200
    return workspace.said


@pytest.mark.parametrize("action", ["NoAction", "MonitorOnly", "BlockIP", "ConfirmCompromised"])
@pytest.mark.parametrize(
    ("known", "taken"),
    [
        ("login", False),
        ("SID", False),
        ("object id", False),
        ("Okta id", False),
        ("name", True),
        ("mail", True),
    ],
)
async def test_in_slack_an_account_without_names_is_not_let_go(
    house: FakeHouse,
    client: FakeClient,
    ask: Callable[[str], None],
    known: str,
    taken: bool,
    action: str,
) -> None:
    ask(known)
    said = await press(client, house, action)
    assert len(client.events) == taken
    assert [SAID in one for one in said] == ([] if taken else [True])
    assert bool(house.cases.claims) == taken, "the question stays open for others"


@pytest.mark.parametrize("sign_in", [True, False])
@pytest.mark.parametrize("known", ["login", "object id"])
async def test_the_thread_points_to_the_page_where_that_helps(
    house: FakeHouse,
    client: FakeClient,
    ask: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    known: str,
    sign_in: bool,
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", str(sign_in).lower())
    ask(known)
    [said] = await press(client, house, "NoAction")
    helps = known == "object id" or not sign_in
    assert ("decide on the page instead" in said) == helps
    assert ("without an answer it is only monitored" in said) != helps


@pytest.mark.parametrize("known", ACCOUNTS)
async def test_what_contains_the_account_is_taken(
    house: FakeHouse, client: FakeClient, ask: Callable[[str], None], known: str
) -> None:
    ask(known)
    assert not await press(client, house, "RevokeSessions")
    assert len(client.events) == 1


@pytest.mark.parametrize("known", ACCOUNTS)
async def test_on_the_page_an_object_id_is_enough(
    client: FakeClient,
    ask: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    known: str,
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    ask(known)
    body, taken = {"actions": ["NoAction"]}, known not in ("login", "SID", "Okta id")
    sent = request(body=body, headers=person(), token=token(Purpose.DECISION))
    response = await decide(sent, client)
    assert (response.status_code, len(client.events)) == ((202, 1) if taken else (409, 0))
    assert taken or SAID in answer(response)["detail"]


async def test_who_is_known_by_a_login_alone_has_no_object_id(
    client: FakeClient, ask: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    ask("object id")
    body, by_login = {"actions": ["NoAction"]}, person(object_id="")
    sent = request(body=body, headers=by_login, token=token(Purpose.DECISION))
    assert (await decide(sent, client)).status_code == 409
    assert not client.events


async def test_the_page_says_so_and_a_program_may(
    client: FakeClient, ask: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    ask("login")
    cookie, mark = session(Purpose.DECISION)
    form = urlencode({"instead": "NoAction", "csrf": mark, "question": "1"}).encode()
    shown = await decide(request(raw=form, headers=FORM | cookie | person()), client)
    assert shown.status_code == 409 and SAID in shown.get_body().decode()
    by_key = request(body={"actions": ["NoAction"]}, headers=BY_KEY)
    assert (await decide(by_key, client)).status_code == 202
