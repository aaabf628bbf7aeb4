"""One pooled session per vendor, for plain HTTP and for the SDKs.

Connections, TLS trust and limits are decided here alone. TLS trust is Python's own: the usual
``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` variables work.
"""

import ssl
from urllib.request import getproxies

import aiohttp

from shared.providers.loops import PerLoop


def open_session(vendor: str) -> aiohttp.ClientSession:
    """Return the vendor's session of the running event loop, made on first use."""
    pool = _sessions.get()
    session = pool.get(vendor)
    if session is None or session.closed:
        session = pool[vendor] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_tls.get(), limit=100),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Else aiohttp asks the environment and .netrc in a thread at every call.
            trust_env=_has_proxy(),
        )
    return session


def _has_proxy() -> bool:
    return not {"http", "https", "all"}.isdisjoint(getproxies())


def _no_sessions() -> dict[str, aiohttp.ClientSession]:
    return {}


_sessions = PerLoop(_no_sessions)
_tls = PerLoop(ssl.create_default_context)


async def close_sessions() -> None:
    """Close the running loop's sessions, forget whom they trusted; at shutdown and by tests."""

    async def forget(_context: ssl.SSLContext) -> None:
        """A context holds nothing open."""

    async def close(pool: dict[str, aiohttp.ClientSession]) -> None:
        for session in pool.values():
            await session.close()

    await _sessions.close(close)
    await _tls.close(forget)
