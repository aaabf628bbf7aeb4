"""A real browser: the Chromium found on the machine, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.lab.whole_lab import whole_lab

__all__ = ["whole_lab"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_MILLISECONDS = 180_000
# Nothing is looked up outside: the tests use the loopback interface only.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-gpu")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser; without one on the machine the tests are skipped."""
    given = os.environ.get("CHROMIUM_PATH")
    program = given or next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: install it or set CHROMIUM_PATH")
    # Chromium's sandbox refuses to work for root, which is who containers run as.
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else list(QUIET)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=program, args=arguments, timeout=START_MILLISECONDS
        )
        yield running
        await running.close()
