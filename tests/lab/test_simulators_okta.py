"""The Okta simulator keeps to Okta's API description and to the rules of its statuses."""

import time
from collections.abc import Iterator

import httpx
import pytest

from lab.simulators.okta_org import LOG_DELAY_SECONDS
from tests.contract.okta_account import ADA, org, user
from tests.contract.processes import Lab
from tests.lab.simulators_support import World, check_answer


@pytest.fixture
def okta(world: World) -> Iterator["Client"]:
    world.lab.tenant(okta=org(user("bo@contoso.example", id="00u2", status="LOCKED_OUT")))
    yield Client(world)


class Client:
    """An administrator with an API token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lab: Lab = world.lab

    def __call__(self, method: str, path: str, token: str | None = None) -> httpx.Response:
        token = token or self._world.env["LAB_OKTA_API_TOKEN"]
        url = f"{self._world.env['TOURNIQUET_OKTA_URL']}{path}"
        answer = self._world.http.request(method, url, headers={"Authorization": f"SSWS {token}"})
        if answer.is_success:
            # Okta's description leaves out most refusals; their form is the same everywhere.
            check_answer("okta.json", answer, "/okta")
        else:
            assert {"errorCode", "errorSummary", "errorId"} <= set(answer.json()) or (
                answer.status_code == 501
            )
        return answer


def test_answers_are_as_okta_describes_them(okta: Client) -> None:
    for path in (
        f"/api/v1/users/{ADA}",
        f"/api/v1/users/{ADA}/groups",
        f"/api/v1/users/{ADA}/roles",
        f"/api/v1/users/{ADA}/factors",
        f"/api/v1/users/{ADA}/grants",
        "/api/v1/logs",
    ):
        answer = okta("GET", path)
        assert answer.status_code == 200, path
        assert int(answer.headers["X-Rate-Limit-Remaining"]) < 600
        assert int(answer.headers["X-Rate-Limit-Reset"]) > time.time()


def test_only_active_accounts_are_suspended(okta: Client) -> None:
    refused = okta("POST", "/api/v1/users/00u2/lifecycle/suspend")
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "E0000001")
    assert okta("POST", f"/api/v1/users/{ADA}/lifecycle/suspend").status_code == 200
    assert okta("POST", f"/api/v1/users/{ADA}/lifecycle/suspend").status_code == 400
    refused = okta("POST", f"/api/v1/users/{ADA}/lifecycle/reset_password?sendEmail=false")
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000038")
    assert okta("POST", f"/api/v1/users/{ADA}/lifecycle/unsuspend").status_code == 200


def test_a_reset_needs_to_say_whether_mail_is_sent(okta: Client) -> None:
    path = f"/api/v1/users/{ADA}/lifecycle/reset_password"
    refused = okta("POST", path)
    assert refused.status_code == 400
    assert "sendEmail is missing" in str(refused.json()["errorCauses"])
    assert "/reset_password/" in okta("POST", f"{path}?sendEmail=false").json()["resetPasswordUrl"]
    assert okta("POST", f"{path}?sendEmail=true").json() == {}
    violations = [line.get("violation") for line in okta.lab.ledger("okta")]
    assert violations[0] is not None
    assert violations[1:] == [None, None]


def test_deactivating_is_described_but_nobody_does_it(okta: Client) -> None:
    assert okta("POST", f"/api/v1/users/{ADA}/lifecycle/deactivate").status_code == 501
    assert okta.lab.state()["okta"]["users"][0]["status"] == "ACTIVE"


def test_events_come_late_and_newest_first(okta: Client) -> None:
    began = time.monotonic()
    for _ in range(2):
        okta("DELETE", f"/api/v1/users/{ADA}/sessions?oauthTokens=true")
    query = f'filter=eventType eq "user.session.clear" and target.id eq "{ADA}"'
    at_once = okta("GET", f"/api/v1/logs?{query}").json()
    assert at_once == [] or time.monotonic() - began > LOG_DELAY_SECONDS
    while len(both := okta("GET", f"/api/v1/logs?{query}").json()) < 2:
        time.sleep(0.05)
    assert time.monotonic() - began > LOG_DELAY_SECONDS
    assert len(both) == 2
    newest = okta("GET", f"/api/v1/logs?{query}&sortOrder=DESCENDING&limit=1").json()
    assert newest == both[:0:-1]
    assert okta("GET", "/api/v1/logs?sortOrder=SIDEWAYS").status_code == 400


@pytest.mark.parametrize("token", ["wrong", "xx"])
def test_a_wrong_token_is_refused(okta: Client, token: str) -> None:
    answer = okta("GET", f"/api/v1/users/{ADA}", token)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "E0000011")


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({"users": [{"profile": {}}]}, "okta.users[0].profile.login"),
        ({"users": [user("a@b.example", status="GONE")]}, "okta.users[0].status"),
        ({"users": [user("a@b.example", stauts="ACTIVE")]}, "okta.users[0].stauts"),
        ({"users": [user("a@b.example"), user("A@B.example")]}, "okta.users[1]"),
        ({"users": [user("a@b.example", roles=[{"type": "KING"}])]}, "okta.users[0].roles[0].type"),
        ({"user": []}, "okta.user"),
    ],
)
def test_a_wrong_org_is_refused_with_the_field(
    world: World, section: dict[str, object], field: str
) -> None:
    answer = world.lab_api("PUT", "tenant", {"okta": section})
    assert answer.status_code == 422
    assert field in [problem["field"] for problem in answer.json()["errors"]]
