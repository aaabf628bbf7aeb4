"""What App Service authentication does with a request before the app sees it."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lab.functions_host.easy_auth import EasyAuth, EasyAuthSettings
from lab.functions_host.settings import HostSettingsError

HEADERS = {"X-MS-CLIENT-PRINCIPAL-NAME": "eve", "x-ms-token-aad-id-token": "x", "X-Other": "kept"}


async def _echo(request: web.Request) -> web.Response:
    own = {name.lower(): value for name, value in request.headers.items() if name[:2] in "xX-"}
    return web.json_response({"headers": own, "body": await request.text()})


@pytest_asyncio.fixture(params=["AllowAnonymous", "RedirectToLoginPage", "Return401", "Return403"])
async def front(
    request: pytest.FixtureRequest,
) -> AsyncIterator[tuple[str, TestClient[web.Request, web.Application]]]:
    """The module before an app that says what it got, with each action for strangers."""
    values = {"tenant_id": "t", "people": [], "unauthenticated": request.param}
    module = EasyAuth(EasyAuthSettings.model_validate(values))
    app = web.Application(middlewares=[module.middleware])
    app.router.add_route("*", "/{tail:.*}", _echo)
    async with TestClient(TestServer(app)) as client:
        yield request.param, client


async def test_who_is_not_signed_in(
    front: tuple[str, TestClient[web.Request, web.Application]],
) -> None:
    action, client = front
    answer = await client.get("/api/x?y=1", headers=HEADERS, allow_redirects=False)
    posted = await client.post("/api/x", data="body", headers=HEADERS)
    if action == "AllowAnonymous":
        seen = await posted.json()
        assert answer.status == 200
        assert (seen["body"], seen["headers"].get("x-other")) == ("body", "kept")
        assert not [name for name in seen["headers"] if name.startswith("x-ms-")]
    elif action == "RedirectToLoginPage":
        assert (answer.status, posted.status) == (302, 401)
        back = "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fx%3Fy%3D1"
        assert answer.headers["Location"] == back
    else:
        expected = int(action[-3:])
        assert (answer.status, posted.status) == (expected, expected)


async def test_a_wrong_setting_stops_the_host() -> None:
    assert EasyAuth.from_environment({}) is None
    with pytest.raises(HostSettingsError, match="LAB_EASY_AUTH"):
        EasyAuth.from_environment({"LAB_EASY_AUTH": json.dumps({"people": [{"name": "x"}]})})
