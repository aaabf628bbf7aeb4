"""The Graph SDK is imported in one thread at a time: its packages import one another in circles."""

import asyncio
import threading

import pytest

from shared.providers.entra import sdk
from shared.providers.entra.graph import Graph
from shared.providers.entra.models import Nothing
from shared.settings import Settings
from shared.warm_up import warm_up_in_background

LIMIT_SECONDS = 30


class SlowImports:
    """Stands in for ``import_module``, and says how many threads were in it at once."""

    def __init__(self) -> None:
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.names: list[str] = []
        self.most = self._inside = 0

    def __call__(self, name: str) -> None:
        self._inside += 1
        self.most = max(self.most, self._inside)
        self.names.append(name)
        self.begun.set()
        assert self.may_go_on.wait(LIMIT_SECONDS)
        self._inside -= 1


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> SlowImports:
    """A process that has not imported the SDK yet."""
    slow = SlowImports()
    monkeypatch.setattr(sdk, "import_module", slow)
    monkeypatch.setattr(sdk, "_imported", threading.Event())
    return slow


async def begins(imports: SlowImports) -> None:
    assert await asyncio.to_thread(imports.begun.wait, LIMIT_SECONDS)


async def test_a_call_waits_for_the_warm_up_and_builds_nothing_before(imports: SlowImports) -> None:
    def build() -> None:
        order.append("built")
        raise LookupError("far enough")

    order: list[str] = []
    warming = warm_up_in_background()
    await begins(imports)
    calls = [
        asyncio.create_task(Graph(Settings()).send("users.get", build, Nothing)) for _ in range(3)
    ]
    await asyncio.sleep(0.05)
    assert not order, "the SDK's builders would be imported from their other end"
    assert not any(one.done() for one in calls)
    order.append("imported")
    imports.may_go_on.set()
    for one in calls:
        with pytest.raises(LookupError):
            await one
    await asyncio.to_thread(warming.join, LIMIT_SECONDS)
    assert order == ["imported", *["built"] * 3]
    assert imports.most == 1
    assert set(imports.names) == set(sdk.SDK_PARTS)


async def test_what_is_imported_is_not_waited_for(imports: SlowImports) -> None:
    imports.may_go_on.set()
    await sdk.sdk_is_imported()
    await sdk.sdk_is_imported()
    assert imports.names == list(sdk.SDK_PARTS)


async def test_a_part_that_is_missing_fails_the_call_and_not_the_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_name: str) -> None:
        raise ImportError("No module named 'stamina'")

    monkeypatch.setattr(sdk, "import_module", missing)
    monkeypatch.setattr(sdk, "_imported", threading.Event())
    with pytest.raises(ImportError, match="stamina"):
        await sdk.sdk_is_imported()
    failures: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    warm_up_in_background().join(LIMIT_SECONDS)
    assert not failures
