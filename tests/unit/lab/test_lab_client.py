"""The lab's client sends what it is given, however much."""

from typing import Any

import pytest
from aiohttp import web

from lab.client import LabClient


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_a_tenant_of_megabytes_is_sent_whole() -> None:
    seen: dict[str, Any] = {}

    async def serve(request: web.Request) -> web.Response:
        seen[request.path] = await request.json() if request.can_read_body else None
        return web.json_response({})

    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    tenant = {"tables": {"SigninLogs": [{"UserPrincipalName": "a" * 3 * 1024 * 1024}]}}
    try:
        async with LabClient(app_url=url, lab_url=url, function_key="k") as client:
            await client.set_up(tenant=tenant, incidents=[{"object": {}}], faults=[])
    finally:
        await runner.cleanup()

    assert seen["/_lab/reset"] is None
    assert seen["/_lab/tenant"] == tenant
    assert seen["/_lab/incidents"] == [{"object": {}}]


async def test_cases_are_listed_to_the_last_page() -> None:
    """The pages of a store are in no order of time: the newest case may be on the last."""
    pages = {"": ("first", "a+b/="), "a+b/=": ("second", None)}

    async def serve(request: web.Request) -> web.Response:
        case_id, following = pages[request.query.get("token", "")]
        return web.json_response({"cases": [{"case_id": case_id}], "next_token": following})

    app = web.Application()
    app.router.add_get("/api/cases", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with LabClient(app_url=url, lab_url=url, function_key="k") as client:
            listed = await client.list_cases()
    finally:
        await runner.cleanup()

    assert [one["case_id"] for one in listed] == ["first", "second"]
