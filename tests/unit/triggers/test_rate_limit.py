"""Who asks too often is refused, and nobody can use up what another may ask."""

from collections.abc import Callable

import azure.functions as func
import pytest

from shared.case_links import Purpose
from shared.settings import get_settings
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    LINK_KEY,
    FakeClient,
    answer,
    person,
    request,
    session,
)
from tests.unit.triggers.calls import token as link
from tests.unit.triggers.served import routes
from triggers import rate_limit
from triggers.guard import limited
from triggers.rate_limit import (
    ADDRESS_A_MINUTE,
    LIMITS,
    LINK_A_MINUTE,
    Limits,
    Rate,
    address_of,
    keys_of,
)

DECISION = "POST /api/cases/{case_id}/decision"
HERE = {"x-forwarded-for": "1.1.1.1, 203.0.113.7:999"}
OURS = {name for name, route in routes().items() if route.auth == "anonymous"} - {
    "GET /api/health",
    "POST /api/slack/interactions",
}


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> None:
    LIMITS.holder._due.clear()
    LIMITS.address._due.clear()


def test_as_many_as_allowed_at_once_then_evenly() -> None:
    rate = Rate(a_minute=3)
    assert [rate.wait("a", now=100.0) for _ in range(4)] == [0, 0, 0, 20.0]
    assert rate.wait("a", now=105.0) == 15.0, "who asks too early is not put back further"
    assert rate.wait("b", now=105.0) == 0
    assert rate.wait("a", now=120.0) == 0
    assert rate.wait("a", now=121.0) == 19.0
    assert [rate.wait("a", now=500.0) for _ in range(4)] == [0, 0, 0, 20.0]


def test_what_is_remembered_is_bounded_whoever_asks() -> None:
    limits = Limits(holder=Rate(60, most_keys=50), address=Rate(60, most_keys=50))
    for number in range(300):
        forged = request(token=f"{'x' * 5000}{number}", headers={"x-forwarded-for": v4(number)})
        limits.seconds_to_wait(forged, get_settings(), now=1.0)
    assert len(limits.holder) == len(limits.address) == 50
    assert all(len(key) <= 43 for key in (*limits.holder._due, *limits.address._due))
    assert LIMITS.holder.most_keys == LIMITS.address.most_keys == rate_limit.MOST_KEYS


def v4(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:443"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("", ""),
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7:50123", "203.0.113.7"),
        ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("[", ""),
        ("x" * 5000, ""),
        ("1.2.3.4:5:6", ""),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_the_address_is_what_the_platform_appended(sent: str, expected: str) -> None:
    assert address_of(request(headers={"x-forwarded-for": sent})) == expected


def test_a_holder_is_a_link_a_session_or_a_person(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(link_signing_key=LINK_KEY)
    opened, _mark = session(Purpose.DECISION)
    varied = {"cookie": f"{opened['cookie']}; x=1"}
    good = link(Purpose.DECISION)
    assert holder(request("GET", headers=opened)) == holder(request("GET", headers=varied))
    by_link, by_session = holder(request(token=good)), holder(request("GET", headers=opened))
    assert len({by_link, by_session, holder(request(token="forged"))}) == 3
    assert len(by_link) == len(by_session) == 32
    assert holder(request()) == ""
    assert holder(request(headers=person(), token=good)) == by_link, "no Easy Auth"
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    assert holder(request(headers=person(), token=good)) == holder(request(headers=person()))


def holder(asked: func.HttpRequest) -> str:
    return keys_of(asked, get_settings())[0]


def test_every_route_that_anybody_reaches_is_limited() -> None:
    code = limited(routes()[DECISION].handler).__code__
    inside = {name for name, route in routes().items() if _is_limited(route.handler, code)}
    assert inside == OURS


def _is_limited(handler: object, code: object) -> bool:
    while handler is not None:
        if getattr(handler, "__code__", None) is code:
            return True
        handler = getattr(handler, "__wrapped__", None)
    return False


@pytest.mark.parametrize("name", sorted(OURS))
async def test_who_asks_too_often_is_told_when_to_come_back(
    name: str, house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] = record()
    route = routes()[name]
    asked = request(route.method, token="forged")
    statuses = [(await route.call(asked, client)).status_code for _ in range(LINK_A_MINUTE)]
    assert set(statuses) == {401}
    response = await route.call(asked, client)
    assert response.status_code == 429
    assert response.mimetype == "application/problem+json"
    assert (answer(response)["status"], answer(response)["title"]) == (429, "Too many requests")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["Cache-Control"] == "no-store"
    shown = await route.call(
        request(route.method, token="forged", headers={"accept": "text/html"}), client
    )
    assert (shown.status_code, shown.mimetype) == (429, "text/html")
    assert "Retry-After" in shown.headers
    other = await route.call(request(route.method, token="another"), client)
    assert other.status_code == 401, "another link is not touched by it"
    by_key = await route.call(request(route.method, {"comment": "x"}, headers=BY_KEY), client)
    assert by_key.status_code != 429, "a program with the key is not counted"


async def test_an_address_that_tries_many_links_is_refused(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] = record(status="awaiting_decision")
    await use_up(HERE, client)
    for sent in (request(token="one more", headers=HERE), request(headers=HERE)):
        refused = await routes()[DECISION].call(sent, client)
        assert refused.status_code == 429
    elsewhere = {"x-forwarded-for": "203.0.113.7:999, 203.0.113.8:999"}
    assert (await routes()[DECISION].call(request(headers=elsewhere), client)).status_code == 401


async def use_up(headers: dict[str, str], client: FakeClient) -> None:
    """Ask from an address without anything genuine until it is refused."""
    for number in range(ADDRESS_A_MINUTE):
        guess = request(token=f"guess {number}", headers=headers)
        assert (await routes()[DECISION].call(guess, client)).status_code == 401


async def test_strangers_at_an_address_do_not_silence_who_may_ask_there(
    house: FakeHouse,
    client: FakeClient,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An intruder in the building, or anybody where a proxy's address is what we see."""
    configure(link_signing_key=LINK_KEY)
    house.cases.records[CASE_ID] = record(status="awaiting_decision")
    await use_up(HERE, client)
    route, opened = routes()["GET /api/cases/{case_id}/decision"], session(Purpose.DECISION)[0]
    good = request("GET", token=link(Purpose.DECISION), headers=HERE)
    assert (await route.call(good, client)).status_code == 303
    assert (await route.call(request("GET", headers=HERE | opened), client)).status_code == 200
    others = link(Purpose.DECISION, "case-ffffffffffffffffffffffff")
    old = link(Purpose.DECISION, seconds=-5)
    for useless in (others, old):
        sent = request("GET", token=useless, headers=HERE)
        assert (await route.call(sent, client)).status_code == 429
    assert (await route.call(request("GET", headers=HERE | person()), client)).status_code == 429
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    signed = request("GET", token=link(Purpose.DECISION), headers=HERE | person())
    assert (await route.call(signed, client)).status_code == 303


def test_one_links_sessions_have_a_limit_together(configure: Callable[..., None]) -> None:
    configure(link_signing_key=LINK_KEY)
    limits, settings = Limits(address=Rate(5)), get_settings()
    waits = []
    for number in range(6):
        opened, _mark = session(Purpose.REPORT, seconds=100 + number)
        sent = request("GET", headers=HERE | opened)
        waits.append(limits.seconds_to_wait(sent, settings, now=1.0))
    assert not any(waits[:-1]) and waits[-1] > 0
    opened, _mark = session(Purpose.DECISION)
    other = request("GET", headers=HERE | opened)
    assert limits.seconds_to_wait(other, settings, now=1.0) == 0, "who may decide is not touched"
