"""Imports, beside the start of the worker, what the first case would otherwise wait for."""

import contextlib
import importlib
import threading

HEAVY_MODULES = (
    "shared.providers.sentinel",
    "shared.providers.blob",
    "azure.storage.blob.aio",
    "azure.monitor.query.aio",
    "jinja2",
)
"""Libraries that the first case needs, besides those of the Graph SDK."""


def warm_up_in_background() -> threading.Thread:
    """Start the imports in a thread and return it.

    Makes no request and needs no setting. A library that cannot be imported is left for the call
    that needs it, where the failure reaches the case.
    """
    thread = threading.Thread(target=_import_heavy_modules, name="warm-up", daemon=True)
    thread.start()
    return thread


def _import_heavy_modules() -> None:
    from shared.providers.entra.sdk import import_sdk

    with contextlib.suppress(ImportError):
        import_sdk()
    for name in HEAVY_MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
