"""What a lab is doing when a case does not go on, said with the error: nobody has to guess."""

import asyncio
import ssl
import time

import aiohttp

from lab.stack import Lab
from shared.models.base import Json

PATIENCE_SECONDS = 10.0
"""How long a part of the lab may take to answer at all."""
MOST_CALLS = 5


async def describe_stall(lab: Lab) -> str:
    """Return what the workers hold longest, and how fast storage and vendors answer.

    Never raises: what does not answer is what was looked for.
    """
    parts = (_calls(lab), _blob(lab), _vendors(lab))
    return "; ".join(await asyncio.gather(*parts))


async def _calls(lab: Lab) -> str:
    url = f"{lab.host.url}/admin/lab/workers"
    try:
        async with _session() as http, http.get(url, headers=_key(lab)) as answer:
            workers = (await answer.json())["workers"]
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return f"the host did not say what its workers do ({type(error).__name__})"
    calls: list[Json] = [call for worker in workers for call in worker["calls"]]
    calls.sort(key=lambda call: -float(call["age_s"]))
    shown = [
        f"{one['function']} for {one['age_s']:.0f} s ({one['subject']})"
        for one in calls[:MOST_CALLS]
    ]
    if not shown:
        return "no worker does anything"
    return f"{len(calls)} calls under way, longest: {', '.join(shown)}"


async def _blob(lab: Lab) -> str:
    return await _answers("Blob storage", f"https://127.0.0.1:{lab.ports.blob}/")


async def _vendors(lab: Lab) -> str:
    return await _answers("the simulators", f"{lab.urls['lab']}/_lab/state")


async def _answers(name: str, url: str) -> str:
    began = time.monotonic()
    try:
        async with _session() as http, http.get(url, ssl=_any_certificate()) as answer:
            await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"{name} did not answer in {PATIENCE_SECONDS:g} s ({type(error).__name__})"
    return f"{name} answered in {time.monotonic() - began:.2f} s"


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS))


def _key(lab: Lab) -> dict[str, str]:
    return {"x-functions-key": lab.host.master_key}


def _any_certificate() -> ssl.SSLContext:
    """Whether it answers is asked, not who it is: it is this lab's own port of 127.0.0.1."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
