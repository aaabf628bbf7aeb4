"""A case's vendor calls again, by plain asyncio: no app, no engine, the client that the app has.

Each sent as soon as the answers that it needs are there (``lab.bench.needs``), this is the floor:
what a program without a needless wait takes for them on this machine. In the order in which the app
sent them, it is what the app would take if it did nothing else. One after the other, it is the
playbook that most people have.
"""

import asyncio
import json
import secrets
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from lab.bench.accounts import Account, reworded
from lab.bench.calls import CaseCalls, Steps
from lab.bench.needs import Call, Needs, needs_of
from lab.errors import LabError
from lab.simulators.ledger import MASK
from lab.stack import Lab
from shared.models.base import Json
from shared.providers.clouds import GRAPH, LOG_ANALYTICS, RESOURCE_MANAGER

_AUDIENCES = {"entra": GRAPH, "log_analytics": LOG_ANALYTICS, "sentinel": RESOURCE_MANAGER}
_KEYS = {
    "virustotal": ("x-apikey", "TOURNIQUET_VIRUSTOTAL_API_KEY"),
    "abuseipdb": ("Key", "TOURNIQUET_ABUSEIPDB_API_KEY"),
    "greynoise": ("key", "TOURNIQUET_GREYNOISE_API_KEY"),
}
_REPEATED = frozenset({*_AUDIENCES, *_KEYS})
"""Vendors whose calls are sent again. Okta is asked beside them, and wants a proof that no request
is sent twice."""


@dataclass(frozen=True)
class Taken:
    """Seconds until the last answer."""

    all: float
    after_verdict: float
    """From the first call that acts on the account."""


class PlainCalls:
    """An async context manager that sends lines of the ledger to a lab's vendors again.

    Raises:
        LabError: from every call, when a vendor answers with another status than the first time.
    """

    def __init__(self, lab: Lab) -> None:
        self._settings = lab.app_settings
        self._vendors = lab.urls["vendors"]
        self._ca = lab.state_dir / "ca.pem"
        self._headers: dict[str, dict[str, str]] = {}

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context(cafile=str(self._ca))
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        self._http = aiohttp.ClientSession(connector=connector, trust_env=False)
        try:
            for vendor, audience in _AUDIENCES.items():
                token = await self._token(audience)
                self._headers[vendor] = {"Authorization": f"Bearer {token}"}
        except BaseException:
            await self._http.close()
            raise
        for vendor, (name, setting) in _KEYS.items():
            self._headers[vendor] = {name: self._settings[setting]}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def as_needed(self, needs: Needs) -> Taken:
        """Send every call as soon as the answers that it needs are there."""
        began = time.monotonic()
        ended: list[float] = [began] * len(needs.calls)
        tasks: list[asyncio.Task[None]] = []

        async def send(place: int, call: Call) -> None:
            await asyncio.gather(*(tasks[other] for other in call.needs))
            await self._send(call.line)
            ended[place] = time.monotonic()

        try:
            async with asyncio.TaskGroup() as group:
                for place, call in enumerate(needs.calls):
                    tasks.append(group.create_task(send(place, call)))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        last = max(ended, default=began)
        decided = max(ended[: needs.gathered], default=began)
        return Taken(all=last - began, after_verdict=last - decided)

    async def as_sent(self, steps: Steps) -> Taken:
        """Send the calls step by step, as the app did, each step as soon as it may."""
        began = time.monotonic()
        await asyncio.gather(*(self._in_turn(chain) for chain in steps.gathering))
        decided = time.monotonic()
        await self._in_turn(steps.containing)
        ended = time.monotonic()
        return Taken(all=ended - began, after_verdict=ended - decided)

    async def one_by_one(self, steps: Steps) -> float:
        """Send one call after the other; return the seconds it took."""
        began = time.monotonic()
        for chain in (*steps.gathering, steps.containing):
            for step in chain:
                for line in step:
                    await self._send(line)
        return time.monotonic() - began

    async def _in_turn(self, chain: list[list[Json]]) -> None:
        for step in chain:
            await asyncio.gather(*map(self._send, step))

    async def _send(self, line: Json) -> None:
        url = URL(self._vendors + line["path"], encoded=True)
        body: Any = line["body"]
        if body is not None:
            # Secrets are masked in the ledger; any other password does.
            body = json.loads(json.dumps(body).replace(MASK, f"Aa1-{secrets.token_hex(8)}"))
        async with self._http.request(
            line["method"],
            url.with_query(line.get("query") or None),
            json=body,
            headers=self._headers[line["vendor"]],
        ) as answer:
            await answer.read()
            if answer.status != line["status"]:
                raise LabError(
                    f"{line['vendor']} {line['operation']} answered {answer.status}"
                    f" when asked again, {line['status']} before"
                )

    async def _token(self, audience: str) -> str:
        tenant = self._settings["AZURE_TENANT_ID"]
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings["AZURE_CLIENT_ID"],
            "client_secret": self._settings["AZURE_CLIENT_SECRET"],
            "scope": f"{audience}/.default",
        }
        url = f"{self._settings['AZURE_AUTHORITY_HOST']}/{tenant}/oauth2/v2.0/token"
        async with self._http.post(url, data=form) as answer:
            if answer.status != 200:
                raise LabError(f"no token for {audience}: {answer.status}")
            found: dict[str, Any] = await answer.json()
            return str(found["access_token"])


def steps_of(steps: Steps, account: Account, other: Account) -> Steps:
    """Return the calls of one account's case as another account's would be, without Okta's."""
    gathering = [chain for chain in steps.gathering if chain[0][0]["vendor"] in _REPEATED]
    document = {"gathering": gathering, "containing": steps.containing}
    return Steps(**reworded(document, _words(account, other)))


def needs_as(calls: CaseCalls, account: Account, other: Account) -> Needs:
    """Return the same with the links that are declared, instead of the order of sending."""
    gathered = [line for line in calls.gathered if line["vendor"] in _REPEATED]
    words = _words(account, other)
    return needs_of(gathered, calls.contained).reworded(lambda line: reworded(line, words))


def _words(account: Account, other: Account) -> dict[str, str]:
    return {
        account.name: other.name,
        account.object_id: other.object_id,
        account.address: other.address,
        account.case_id: other.case_id,
    }
