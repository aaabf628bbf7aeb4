"""Looks for the app's secrets wherever a running lab has left something.

The lab makes every secret anew, at random: whichever of them is found where it does not belong got
there through the app. ``find_leaks(lab)`` reads the workers' logs, every history of the task hub,
every blob (records, claims, evidence, opened where compressed), what was sent to vendors, and the
app's own answers. ``make chaos`` and a test of the whole lab call it; the former shows it what was
exported as traces and metrics, too.
"""

import asyncio
import base64
import gzip
import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import batched
from urllib.parse import parse_qsl, quote, urlsplit

import aiohttp
from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient
from pydantic import SecretStr

from lab.app_host import AZURITE_KEY
from lab.errors import LabError
from lab.stack import Lab
from shared.settings import Settings

LEAST_CHARACTERS = 12
"""Shorter parts are words; every secret of a lab is longer."""
AT_ONCE = 8
_CONTINUATION = "x-ms-continuation-token"
_HISTORY = {"showHistory": "true", "showHistoryOutput": "true", "showInput": "true"}
LINK_TOKEN = re.compile(rb"(?<!\d)1\d{9}\.\d+\.(?:[\w-]*\.)?[\w-]{43}(?![\w-])")
"""A signed link's or session's (``shared.case_links``)."""
BEARER = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}|(?i:bearer) [\w.~+/-]{20,}")
MANAGEMENT = re.compile(rb"/runtime/webhooks/[^\s\"']{1,500}[?&]code=")
"""An address of the host's own API with its system key."""
_SECRET_VARIABLES = frozenset({"AZURE_CLIENT_SECRET", "LAB_OKTA_API_TOKEN"})
_BASIC = {
    "TOURNIQUET_SERVICENOW_USERNAME": "TOURNIQUET_SERVICENOW_PASSWORD",
    "TOURNIQUET_JIRA_EMAIL": "TOURNIQUET_JIRA_API_TOKEN",
    "TOURNIQUET_SMTP_USERNAME": "TOURNIQUET_SMTP_PASSWORD",
}
_OWN = {
    "pagerduty": "TOURNIQUET_PAGERDUTY_ROUTING_KEY",
    "teams": "TOURNIQUET_TEAMS_WEBHOOK_URL",
    "panos": "TOURNIQUET_PANOS_API_KEY",
    "token": "AZURE_CLIENT_SECRET",
    "entra": "AZURE_CLIENT_SECRET",
}
"""Vendors that are shown their own secret in an address or body, as their API wants it."""


@dataclass(frozen=True)
class Leak:
    """A secret where it does not belong; it never quotes the secret."""

    secret: str
    """The setting's name, or what kind of token it is."""
    place: str

    def __str__(self) -> str:
        return f"{self.secret} in {self.place}"


def planted(settings: Mapping[str, str]) -> dict[str, tuple[bytes, ...]]:
    """Return, by setting, the forms in which each secret of these settings could show."""
    names = {
        f"TOURNIQUET_{name.upper()}"
        for name, one in Settings.model_fields.items()
        if SecretStr in (one.annotation, *getattr(one.annotation, "__args__", ()))
    }
    found = {
        name: tuple(_forms(settings[name]))
        for name in sorted(names | _SECRET_VARIABLES)
        if settings.get(name)
    }
    for user, name in _BASIC.items():
        if name in found:
            pair = f"{settings.get(user, '')}:{settings[name]}"
            found[name] += (base64.b64encode(pair.encode()),)
    return found


def _forms(value: str) -> Iterator[bytes]:
    """Yield a secret as it is, percent-encoded, in JSON; of an address or key file, its parts."""
    parts = [value]
    if value.startswith("https://"):
        parts = [text for name, text in parse_qsl(urlsplit(value).query) if name == "sig"]
    elif value.startswith("{"):
        key = json.loads(value)
        parts = [str(key.get(name, "")) for name in ("private_key", "d", "p", "q")]
    for part in parts:
        # A key in lines is looked for by its longest one: each line is a secret enough.
        text = max(part.splitlines(), key=len, default="")
        if len(text) >= LEAST_CHARACTERS:
            yield from {
                text.encode(),
                quote(text, safe="").encode(),
                json.dumps(text)[1:-1].encode(),
            }


def search(
    text: bytes, place: str, secrets: Mapping[str, tuple[bytes, ...]], *, links: bool = True
) -> list[Leak]:
    """Return the secrets in a text; ``links``: whether tokens of signed links are secrets there."""
    found = [name for name, forms in secrets.items() if any(form in text for form in forms)]
    found += ["the token of a signed link"] if links and LINK_TOKEN.search(text) else []
    found += ["a bearer token"] if BEARER.search(text) else []
    found += ["a management address with a key"] if MANAGEMENT.search(text) else []
    return [Leak(name, place) for name in found]


async def find_leaks(
    lab: Lab,
    *,
    also: Mapping[str, bytes] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> list[Leak]:
    """Return every secret of a running lab's app that is where it does not belong.

    Args:
        lab: it runs.
        also: more to look for, by name.
        beside: more to look at, by place.

    Raises:
        LabError: the lab has left no logs, histories, blobs or answers: nothing was searched.
    """
    secrets = _wanted(lab, also)
    leaks, kinds = [], set()
    for place, text in (beside or {}).items():
        leaks += search(text, place, secrets)
    async for place, text in _left_behind(lab):
        leaks += search(text, place, secrets)
        kinds.add(place.partition(" ")[0].partition("-")[0])
    if missing := {"worker", "history", "blob", "the"} - kinds:
        raise LabError(f"a search for secrets found nothing to look at: {sorted(missing)}")
    return list(dict.fromkeys(leaks + await find_leaks_to_vendors(lab, also=also)))


async def find_leaks_to_vendors(lab: Lab, *, also: Mapping[str, bytes] | None = None) -> list[Leak]:
    """Return the secrets in what was sent to vendors since the ledger was last emptied."""
    secrets = _wanted(lab, also)
    leaks = []
    async for vendor, text in _sent(lab):
        own = _OWN.get(vendor)
        others = {name: forms for name, forms in secrets.items() if name != own}
        # Messages and tickets are what signed links are made for.
        leaks += search(text, f"what was sent to {vendor}", others, links=False)
    return list(dict.fromkeys(leaks))


def _wanted(lab: Lab, also: Mapping[str, bytes] | None) -> dict[str, tuple[bytes, ...]]:
    keys = {"the host's master key": (lab.host.master_key.encode(),)}
    return planted(lab.app_settings) | keys | {name: (one,) for name, one in (also or {}).items()}


async def _left_behind(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    for file in sorted(lab.logs.glob("worker-*.log")):
        yield file.name, await asyncio.to_thread(file.read_bytes)
    async for found in _histories(lab):
        yield found
    for name, content in await asyncio.to_thread(lambda: list(_blobs(lab))):
        yield name, content
    async for found in _answers(lab):
        yield found


async def _histories(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    root = f"{lab.host.url}/runtime/webhooks/durabletask/instances"
    headers = {"x-functions-key": lab.host.master_key}
    async with aiohttp.ClientSession(headers=headers) as http:
        names = await _instances(http, root)

        async def read(name: str) -> tuple[str, bytes]:
            async with http.get(f"{root}/{quote(name, safe='')}", params=_HISTORY) as answer:
                return f"history of {name}", await answer.read()

        for some in batched(names, AT_ONCE, strict=False):
            for found in await asyncio.gather(*map(read, some)):
                yield found


async def _instances(http: aiohttp.ClientSession, root: str) -> list[str]:
    """Return the names of all instances; the host lists them a page at a time."""
    names: list[str] = []
    page: dict[str, str] = {}
    while True:
        async with http.get(root, params={"showInput": "false"}, headers=page) as answer:
            names += [one["instanceId"] for one in await answer.json()]
            token = answer.headers.get(_CONTINUATION)
        if not token:
            return names
        page = {_CONTINUATION: token}


def _blobs(lab: Lab) -> Iterator[tuple[str, bytes]]:
    with BlobServiceClient(
        lab.urls["blob"],
        credential={"account_name": "devstoreaccount1", "account_key": AZURITE_KEY},
        connection_verify=str(lab.state_dir / "ca.pem"),
    ) as service:
        for container in service.list_containers():
            client = service.get_container_client(container.name)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                found = pool.map(partial(_read, client), client.list_blobs(include=["metadata"]))
                yield from ((f"blob {container.name}/{name}", content) for name, content in found)


def _read(client: ContainerClient, blob: BlobProperties) -> tuple[str, bytes]:
    facts = json.dumps(dict(blob.metadata or {})).encode()
    return blob.name, facts + _opened(client.download_blob(blob.name).readall())


def _opened(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


async def _sent(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{lab.urls['lab']}/_lab/ledger") as answer,
    ):
        for line in await answer.json():
            yield str(line["vendor"]), json.dumps(line).encode()


async def _answers(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what the app itself answers, also to what it refuses."""
    trust = ssl.create_default_context()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as http:
        paths = ["health", "cases", "block-list", "cases?token=x"]
        for case_id in await _cases(lab, http):
            home = f"cases/{case_id}"
            paths += [home, *(f"{home}/{page}" for page in ("report", "decision", "evidence"))]
        ways = [(path, headers) for path in paths for headers in (_by_key(lab), {})]

        async def ask(path: str, headers: dict[str, str]) -> tuple[str, bytes]:
            return f"the answer to {path}", await _answer(lab, http, path, headers)

        for some in batched(ways, AT_ONCE, strict=False):
            for found in await asyncio.gather(*(ask(*one) for one in some)):
                yield found


def _by_key(lab: Lab) -> dict[str, str]:
    return {"x-functions-key": lab.function_key}


async def _cases(lab: Lab, http: aiohttp.ClientSession) -> list[str]:
    """Return the ids of all cases; the app lists them a page at a time."""
    names: list[str] = []
    token = ""
    while True:
        query = {"page_size": "200"} | ({"token": token} if token else {})
        url = f"{lab.host.url}/api/cases"
        async with http.get(url, params=query, headers=_by_key(lab)) as answer:
            page = await answer.json()
        names += [case["case_id"] for case in page["cases"]]
        token = page.get("next_token")
        if not token:
            return names


async def _answer(
    lab: Lab, http: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> bytes:
    """Return headers and body of an answer; who asks too often is asked to wait, and does."""
    while True:
        async with http.get(f"{lab.host.url}/api/{path}", headers=headers) as answer:
            sent = "\n".join(f"{name}: {text}" for name, text in answer.headers.items())
            content = sent.encode() + await answer.read()
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            return content
        await asyncio.sleep(float(answer.headers["Retry-After"]))
