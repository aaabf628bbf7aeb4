"""A start waits for no vendor's library: those are imported beside it, and all of them are."""

import subprocess
import sys

from tests.unit.source_files import ROOT

VENDORS_LIBRARIES = {
    *("aiohttp", "azure.identity", "azure.monitor.query", "azure.storage.blob", "httpx"),
    *("jinja2", "kiota_http", "msgraph", "stamina"),
}
BEFORE_READY = "import threading; threading.Thread.start = lambda one: None; import function_app"
BESIDE = (
    "import threading, function_app; "
    "[one.join() for one in threading.enumerate() if one.name == 'warm-up']"
)


def imported(program: str) -> set[str]:
    """Run a program in a process of its own; return which of the libraries it imported."""
    told = "; import sys; print(' '.join(sys.modules))"
    command = [sys.executable, "-c", program + told]
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    return VENDORS_LIBRARIES & set(done.stdout.split())


def test_no_vendors_library_is_imported_before_the_worker_takes_calls() -> None:
    assert imported(BEFORE_READY) == set()


def test_all_of_them_are_imported_beside_it() -> None:
    assert imported(BESIDE) == VENDORS_LIBRARIES
