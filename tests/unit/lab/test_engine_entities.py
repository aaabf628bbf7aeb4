"""The engine takes an entity's answer without looking at all entities that there ever were."""

from typing import Any, cast

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf import wrappers_pb2

from lab.functions_host.engine import Engine
from lab.functions_host.outage import HubOutage

MANY = 500


class Token(int):
    """A completion token that counts how often one is looked at."""

    looked = 0

    def __str__(self) -> str:
        Token.looked += 1
        return int.__repr__(self)


def answer(engine: Engine, token: int, state: str) -> None:
    value = wrappers_pb2.StringValue(value=state)
    result = pb.EntityBatchResult(completionToken=str(token), entityState=value)
    engine.CompleteEntityTask(result, cast(Any, None))


def test_only_entities_at_work_are_looked_at() -> None:
    engine = Engine(
        default_version=None, replace_finished=True, timer_speed=1.0, outage=HubOutage()
    )
    try:
        for number in range(MANY):
            request = pb.SignalEntityRequest(instanceId=f"@case@{number}", name="add")
            engine.SignalEntity(request, cast(Any, None))
        for entity in engine._entities.values():
            entity.completion_token = Token(entity.completion_token)
        last, other = f"@case@{MANY - 1}", f"@case@{MANY - 2}"
        engine._entity_in_flight |= {last, other, "@gone@1"}
        token = int(engine._entities[last].completion_token)
        Token.looked = 0
        answer(engine, token, "5")
        assert Token.looked <= 3
        assert engine._entities[last].serialized_state == "5"
        assert engine._entity_in_flight == {other, "@gone@1"}
        assert len(engine._entities) == MANY
        answer(engine, token, "6")
        assert engine._entities[last].serialized_state == "5", "a token is good for one answer"
    finally:
        engine.stop()
