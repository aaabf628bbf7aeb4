"""Speaks to a running lab: the app's own HTTP routes and the lab API."""

import asyncio
import contextlib
import io
import json
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from shared.models.base import Json

TIMEOUT_SECONDS = 60.0
READ_SECONDS = 60.0
"""How long a read is tried again: a busy machine takes its time to start a worker anew."""
READ_PAUSE_SECONDS = 0.4


class LabCallError(Exception):
    """The app or the lab API answered something else than expected."""


class LostCallError(LabCallError):
    """No proper answer: a 5xx, or the connection broke; a read may simply be tried again."""


class LabClient:
    """An async context manager around one HTTP session.

    Raises:
        LabCallError: from every call, with the address, the status and the answer.
    """

    def __init__(self, *, app_url: str, lab_url: str, function_key: str) -> None:
        self._app = f"{app_url}/api"
        self._lab = f"{lab_url}/_lab"
        self._headers = {"x-functions-key": function_key}

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def set_up(self, *, tenant: Json, incidents: list[Json], faults: list[Json]) -> None:
        """Empty the simulators and put a tenant, Sentinel incidents and faults into them."""
        await self._call("POST", f"{self._lab}/reset")
        await self._call("PUT", f"{self._lab}/tenant", tenant)
        await self._call("PUT", f"{self._lab}/incidents", incidents)
        await self.set_faults(faults)

    async def send_incident(self, incident: Json) -> Json:
        """Send the incident as the Logic App does; return the 202 answer."""
        answer: Json = await self._call("POST", f"{self._app}/incidents", incident, status=202)
        return answer

    async def start_case(self, body: Json) -> Json:
        """Start a case by hand; return the 202 answer."""
        answer: Json = await self._call("POST", f"{self._app}/cases", body, status=202)
        return answer

    async def get_case(self, case_id: str) -> Json:
        """Return the case record."""
        record: Json = await self._read(f"{self._app}/cases/{case_id}")
        return record

    async def list_cases(self) -> list[Json]:
        """Return the summaries of all cases; the app lists them a page at a time."""
        found: list[Json] = []
        token = ""
        while True:
            page: Json = await self._read(f"{self._app}/cases?page_size=200{token}")
            found += page["cases"]
            if not page.get("next_token"):
                return found
            token = f"&token={quote(page['next_token'], safe='')}"

    async def get_report(self, case_id: str) -> str:
        """Return the case's report page (HTML)."""
        return str(await self._read(f"{self._app}/cases/{case_id}/report", as_text=True))

    async def decide(self, case_id: str, *, actions: list[str], comment: str) -> None:
        """Answer a case that waits for a decision."""
        body = {"actions": actions, "comment": comment}
        await self._call("POST", f"{self._app}/cases/{case_id}/decision", body, status=202)

    async def undo(
        self, case_id: str, *, actions: list[str], targets: list[str], comment: str
    ) -> Json:
        """Take actions of a case back; return the 202 answer."""
        body = {"actions": actions, "targets": targets, "comment": comment}
        url = f"{self._app}/cases/{case_id}/undo"
        answer: Json = await self._call("POST", url, body, status=202)
        return answer

    async def acknowledge(self, case_id: str, comment: str, *, by: str = "lab") -> None:
        """Take a case, in somebody's name."""
        url = f"{self._app}/cases/{case_id}/acknowledge"
        await self._call("POST", url, {"comment": comment, "by": by}, status=202)

    async def close_case(self, case_id: str, comment: str, *, by: str = "lab") -> None:
        """Close a case, so that its watch ends, in somebody's name."""
        url = f"{self._app}/cases/{case_id}/close"
        await self._call("POST", url, {"comment": comment, "by": by}, status=202)

    async def reset_breaker(self, comment: str, *, by: str = "lab") -> None:
        """Let the breaker count anew, in somebody's name."""
        url = f"{self._app}/breaker/reset"
        await self._call("POST", url, {"comment": comment, "by": by}, status=202)

    async def get_ledger(self) -> list[Json]:
        """Return every request the simulated vendors got."""
        ledger: list[Json] = await self._read(f"{self._lab}/ledger")
        return ledger

    async def get_holdings(self) -> Json:
        """Return what the simulated vendors hold now."""
        held: Json = await self._read(f"{self._lab}/tenant")
        return held

    async def set_faults(self, faults: list[Json]) -> None:
        """Put faults in force in place of those that were; none: every vendor is well."""
        await self._call("PUT", f"{self._lab}/faults", faults)

    async def get_faults(self) -> list[Json]:
        """Return the faults in force and how often each has been played."""
        faults: list[Json] = await self._read(f"{self._lab}/faults")
        return faults

    async def _read(self, url: str, *, as_text: bool = False) -> Any:
        """GET, again after a moment when a worker was lost with the request."""
        deadline = time.monotonic() + READ_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(LostCallError):
                return await self._call("GET", url, as_text=as_text)
            await asyncio.sleep(READ_PAUSE_SECONDS)
        return await self._call("GET", url, as_text=as_text)

    async def _call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        status: int = 200,
        as_text: bool = False,
    ) -> Any:
        headers, content = self._headers, None
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
            # A tenant can be large: in pieces, other calls of this loop go on meanwhile.
            content = io.BytesIO(json.dumps(body).encode())
        try:
            async with self._session.request(method, url, data=content, headers=headers) as answer:
                text = await answer.text()
                if answer.status != status:
                    kind = LostCallError if answer.status >= 500 else LabCallError
                    said = text[:500] or "nothing"
                    raise kind(f"{method} {url} answered {answer.status}: {said}")
                return text if as_text else json.loads(text)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LostCallError(f"{method} {url} failed: {error!r}") from error
