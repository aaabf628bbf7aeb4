"""Instances that share their turns at what Graph limits: Azurite, and the Graph simulator."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from shared.errors import RetryableError
from shared.providers.blob import BlobTurns
from shared.providers.blob.turns import ANSWER_SECONDS, FOLDER
from shared.providers.entra import Entra, Graph
from shared.settings import Settings
from tests.contract.entra_account import ANNA, USER
from tests.contract.processes import PATIENCE_SECONDS, Lab
from tests.support.ports import free_port

type Make = Callable[..., Settings]


@pytest.fixture
def shared_settings(make_settings: Make, azurite: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("shared.providers.blob.turns.ANSWER_SECONDS", PATIENCE_SECONDS)
    container = f"cases-{uuid.uuid4().hex[:12]}"
    return make_settings(blob_url=azurite, case_container=container)


async def test_only_one_of_two_that_read_the_same_can_write(shared_settings: Settings) -> None:
    first, second = BlobTurns(shared_settings), BlobTurns(shared_settings)
    assert await first.read("reports") == await second.read("reports") == ([], None)
    assert await first.write("reports", [1.25], None)
    assert not await second.write("reports", [2.0], None)

    turns, version = await second.read("reports")
    assert (turns, version is None) == ([1.25], False)
    assert await second.write("reports", [1.25, 2.0], version)
    assert not await first.write("reports", [9.0], version)
    assert (await first.read("reports"))[0] == [1.25, 2.0]
    assert (await first.read("identity-protection"))[0] == []


@pytest.mark.parametrize("text", ["", "no list", "1.0;2.0", "1.0,x", "NaN,Infinity"])
async def test_what_is_damaged_counts_as_no_turns(shared_settings: Settings, text: str) -> None:
    turns = BlobTurns(shared_settings)
    assert await turns.write("reports", [1.0], None)
    client = turns._container._client.get()
    blob = client.get_blob_client(f"{FOLDER}reports")
    await blob.upload_blob(b"", overwrite=True, metadata={"times": text})

    found, version = await turns.read("reports")
    assert found == []
    assert await turns.write("reports", [5.0], version)
    assert (await turns.read("reports"))[0] == [5.0]


async def test_storage_that_is_away_is_not_waited_for(make_settings: Make) -> None:
    turns = BlobTurns(make_settings(blob_url=f"https://127.0.0.1:{free_port()}/account"))
    began = time.monotonic()
    with pytest.raises(RetryableError):
        await turns.read("reports")
    assert time.monotonic() - began < ANSWER_SECONDS + PATIENCE_SECONDS / 2


async def test_two_instances_confirm_no_more_often_than_one(
    shared_settings: Settings, lab: Lab
) -> None:
    taken: list[float] = []

    class Heard(BlobTurns):
        async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
            written = await super().write(lane, turns, version)
            if written:
                taken.append(turns[-1])
            return written

    lab.tenant(directory={"users": [USER], "tightLimits": True})
    # A machine that is busy brings two requests closer together than their turns were: Graph
    # refuses one then, and the next try has a turn of its own.
    patient = shared_settings.model_copy(update={"call_attempts": 10})
    instances = [Entra(patient, Graph(patient, Heard(patient))) for _ in range(2)]
    await asyncio.gather(*(instances[number % 2].confirm_compromised(ANNA) for number in range(4)))
    asked = [line for line in lab.ledger("entra") if line["operation"] == "confirmCompromised"]
    assert sum(200 <= line["status"] < 300 for line in asked) == 4
    assert len(taken) == len(asked), "each try has a turn"
    assert min(later - first for first, later in pairwise(sorted(taken))) > 1
