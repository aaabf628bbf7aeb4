"""A lab where people sign in, and somebody who does: cookies, redirects and forms as a browser."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from lab.stack import Lab
from tests.lab.whole_lab import WholeLab

ANA = "ana.lyst@contoso.example"
LEE = "lee.daniels@contoso.example"
NICK = "nick.reader@contoso.example"
DANA = "dana.rivers@contoso.example"
POLICY = {"asking": {"approvers": {"people": [ANA]}, "two_persons": ["vip"]}}
"""Ana may by her login, too, which is Nick's mail address."""


@asynccontextmanager
async def signing_lab(state_dir: Path) -> AsyncIterator[WholeLab]:
    """Run a lab with App Service authentication before the app."""
    made = Lab(auto_ports=True, state_dir=state_dir, policy=POLICY, sign_in=True, workers=1)
    async with made as running, running.client() as client:
        yield WholeLab(running, client)


@dataclass
class Visitor:
    """Somebody's browser, without scripts."""

    http: aiohttp.ClientSession
    url: str

    async def sign_in(self, name: str, back: str = "/") -> tuple[int, str]:
        """Sign in as this person; the status and page that it leads back to."""
        query = {"post_login_redirect_uri": back}
        async with self.http.get(f"{self.url}/.auth/login/aad", params=query) as answer:
            page = await answer.text()
            assert answer.url.host == "localhost", "Entra is another site than the app"
        [form] = [part for part in page.split("</form>") if f">{name}<" in part]
        [action] = re.findall(r'action="([^"]+)"', form)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
        async with self.http.post(action, data=fields) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Open an address; the status and the page."""
        url = path if urlsplit(path).scheme else f"{self.url}{path}"
        accepted = {"Accept": "text/html"} | (headers or {})
        async with self.http.get(URL(url, encoded=True), headers=accepted) as answer:
            return answer.status, await answer.text()

    async def send(
        self, path: str, page: str, fields: list[tuple[str, str]], headers: dict[str, str]
    ) -> tuple[int, str]:
        """Send the form of a page with its marks; the status and the page that answers."""
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        async with self.http.post(
            f"{self.url}{path}", data=[*dict(hidden).items(), *fields], headers=headers
        ) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def visitor(lab: WholeLab) -> AsyncIterator[Visitor]:
    """Open a browser."""
    origin = URL(lab.lab.host.url)
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[origin])
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(http, lab.lab.host.url)
