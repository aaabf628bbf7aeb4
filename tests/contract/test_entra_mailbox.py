"""How much is asked of a mailbox at once, and how often."""

from typing import Any

import pytest

from shared.errors import RetryableError
from shared.providers.entra.graph import Graph
from shared.providers.entra.mailbox import ExchangeMailbox
from shared.settings import Settings
from tests.contract.entra_account import ANNA
from tests.contract.processes import Lab
from tests.contract.test_entra_persistence import EVERYTHING


async def test_one_mailbox_never_gets_more_requests_at_once_than_exchange_takes(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [
        {"id": f"r{n}", "isEnabled": n != 9, "actions": {"moveToFolder": f"folder-{n}"}}
        for n in range(10)
    ]
    lab.tenant(directory={"users": [EVERYTHING | {"messageRules": rules}]})
    graph = Graph(settings)
    most = under_way = 0
    asked: list[str] = []
    send = graph.send

    async def counted(operation: str, *args: Any, **more: Any) -> Any:
        nonlocal most, under_way
        asked.append(operation)
        under_way += 1
        most = max(most, under_way)
        try:
            return await send(operation, *args, **more)
        finally:
            under_way -= 1

    monkeypatch.setattr(graph, "send", counted)
    assert len(await ExchangeMailbox(graph).list_rules(ANNA)) == 10
    assert (most, asked.count("mailFolders.get")) == (4, 4 + 9), "a rule that is off hides nothing"


@pytest.mark.parametrize("status", [429, 503])
async def test_folders_that_no_rule_needs_hold_up_nobody(
    lab: Lab, settings: Settings, status: int
) -> None:
    forward = {"forwardTo": [{"emailAddress": {"address": "x@evil.example"}}]}
    rules = [{"id": "r1", "isEnabled": True, "actions": forward}]
    lab.tenant(directory={"users": [EVERYTHING | {"messageRules": rules}]})
    lab.fault("entra", "status", value=status, operation="mailFolders.get")
    [found] = await ExchangeMailbox(Graph(settings)).list_rules(ANNA)
    assert found.forwards_to == ["x@evil.example"]


async def test_folders_that_a_rule_needs_are_read_again_and_waited_for(
    lab: Lab, settings: Settings
) -> None:
    rules = [{"id": "r1", "isEnabled": True, "actions": {"moveToFolder": "folder-1"}}]
    lab.tenant(directory={"users": [EVERYTHING | {"messageRules": rules}]})
    lab.fault("entra", "status", value=503, operation="mailFolders.get")
    with pytest.raises(RetryableError):
        await ExchangeMailbox(Graph(settings)).list_rules(ANNA)
