"""App Service authentication before the app: who is signed in is who decided, and nobody else."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.lab.signed_in import ANA, DANA, LEE, NICK, Visitor, signing_lab, visitor
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

HTML = {"Accept": "text/html"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLab]:
    """A lab where people sign in."""
    async with signing_lab(tmp_path_factory.mktemp("signing-in")) as running:
        yield running


def forged(name: str) -> dict[str, str]:
    """The platform's headers, as somebody outside would send them."""
    claims = [{"typ": "preferred_username", "val": name}]
    claims += [{"typ": "roles", "val": "Tourniquet.Approver"}]
    principal = {"auth_typ": "aad", "claims": claims, "role_typ": "roles"}
    return {
        "X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps(principal).encode()).decode(),
        "x-ms-client-principal-name": name,
        "X-Ms-Client-Principal-Id": "5b0f6a52-0a55-4c0e-9a8e-6f6f5d1f7a01",
    }


async def answer(
    one: Visitor,
    link: str,
    instead: str,
    headers: dict[str, str],
    ticked: Sequence[tuple[str, str]] = (),
) -> tuple[int, str]:
    """Open the link and send its form: what is ticked, or the button of one action alone."""
    _status, page = await one.get(link, headers)
    fields = [*ticked, *([("instead", instead)] if instead else [])]
    return await one.send(urlsplit(link).path, page, fields, HTML | headers)


async def test_only_who_is_signed_in_and_may_decides_and_the_record_says_who(
    lab: WholeLab,
) -> None:
    case = await lab.waiting_case()
    link = await lab.link(case["case_id"], "decision")
    path = urlsplit(link).path

    async with visitor(lab) as nobody:
        status, page = await nobody.get(link)
        assert (status, "Sign in to go on" in page) == (401, True)
        status, page = await nobody.get(link, forged(ANA))
        assert (status, "Sign in to go on" in page) == (401, True)
        assert (await answer(nobody, link, "NoAction", forged(ANA)))[0] == 401
        assert (await nobody.get("/.auth/me"))[0] == 401
        health = await nobody.get("/api/health", forged(ANA))
        assert health[1] == '{"status": "ok"}'

    async with visitor(lab) as nick:
        await nick.get(link)
        status, page = await nick.sign_in(NICK, path)
        assert (status, "You may not decide about accounts" in page) == (403, True)
        assert NICK in page, "he is named by his login, not by the mail address that he chose"
        assert (await answer(nick, link, "NoAction", forged(ANA)))[0] == 403

    async with visitor(lab) as dana:
        await dana.get(link)
        status, page = await dana.sign_in(DANA, path)
        assert (status, "about your own account" in page) == (403, True)
        assert (await answer(dana, link, "NoAction", {}))[0] == 403
    now = await lab.client.get_case(case["case_id"])
    assert (now["status"], now["decision"]) == ("awaiting_decision", None)

    async with visitor(lab) as ana:
        await ana.get(link)
        status, page = await ana.sign_in(ANA, path)
        assert (status, "What should be done" in page) == (200, True)
        assert "configured" in json.loads((await ana.get("/api/health"))[1])
        assert (await answer(ana, link, "NoAction", forged(LEE)))[0] == 202
    await lab.close(case["case_id"])
    decision = (await lab.client.get_case(case["case_id"]))["decision"]
    assert (decision["decided_by"], decision["channel"]) == (ANA, "web")


async def test_two_who_are_signed_in_agree_and_one_alone_does_not(lab: WholeLab) -> None:
    case_id = (await lab.waiting_case("vip-account"))["case_id"]
    async with visitor(lab) as ana, visitor(lab) as lee:
        for one, name in ((ana, ANA), (lee, LEE)):
            await one.sign_in(name)
        link = await lab.link(case_id, "decision")
        status, page = await answer(ana, link, "", {}, [("actions", "RevokeSessions")])
        assert (status, "second, different person" in page) == (202, True)
        again = await second_link(lab, case_id, link)
        assert (await answer(ana, again, "", {}, [("actions", "RevokeSessions")]))[0] == 409
        assert (await answer(lee, again, "", {}, [("actions", "RevokeSessions")]))[0] == 202
    await lab.close(case_id)
    decision = (await lab.client.get_case(case_id))["decision"]
    assert (decision["decided_by"], decision["confirmed_by"]) == (ANA, LEE)


async def second_link(lab: WholeLab, case_id: str, first: str) -> str:
    """Wait for the link of the question that is put again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (link := await lab.link(case_id, "decision")) == first:
        assert time.monotonic() < deadline, "the question is never put again"
        await asyncio.sleep(0.1)
    return link


async def test_a_sign_in_counts_for_the_browser_that_began_it(lab: WholeLab) -> None:
    async with visitor(lab) as one, visitor(lab) as other:
        async with one.http.get(f"{one.url}/.auth/login/aad") as page:
            form = (await page.text()).partition("</form>")[0]
        fields = dict(part.split('" value="') for part in form.split('name="')[1:])
        sent = {name: value.partition('"')[0] for name, value in fields.items()}
        callback = f"{one.url}/.auth/login/aad/callback"
        async with other.http.post(callback, data=sent) as refused:
            assert refused.status == 401
        async with one.http.post(callback, data=sent) as refused:
            assert refused.status == 401, "its state is used up"
        status, _page = await one.sign_in(ANA, "//evil.example/")
        assert status == 200, "led to the app's own page, not elsewhere"
        status, me = await one.get("/.auth/me")
        assert (status, json.loads(me)[0]["provider_name"]) == (200, "aad")
        await one.get("/.auth/logout")
        assert (await one.get("/.auth/me"))[0] == 401
