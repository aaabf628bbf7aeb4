"""The entity that stands for an address: who holds it, and on which firewalls it is ours."""

from typing import Any, cast

from durabletask.entities import EntityContext

from orchestrators.holds import address
from shared.models.base import Json

NOW = "2026-11-20T12:00:00.000Z"
LATER = "2026-11-20T16:00:00.000Z"


class Entity:
    """Keeps the state between operations, as the engine does."""

    def __init__(self) -> None:
        self.operation = ""
        self._state: Any = None

    def get_state(self, _kind: type, default: Any) -> Any:
        return default if self._state is None else self._state

    def set_state(self, state: Any) -> None:
        self._state = state

    def ask(self, operation: str, **given: Any) -> Json:
        self.operation = operation
        found: Json = address(cast("EntityContext", self), given | {"now": NOW})
        return found

    def hold(self, case_id: str) -> None:
        self.ask("hold", case_id=case_id, until=LATER, keeper=f"{case_id}:block")


def blocked_by_one() -> Entity:
    entity = Entity()
    entity.hold("case-a")
    entity.ask("own", firewall="panos", present=False)
    return entity


def test_a_block_that_is_gone_is_ours_no_longer() -> None:
    entity = blocked_by_one()
    assert entity.ask("release", case_id="case-a")["owned"] == ["panos"]
    assert entity.ask("disown", firewall="panos", gone=True)["owned"] == []


def test_a_block_that_a_new_case_makes_again_stays_ours_to_lift() -> None:
    """The first case saw it gone; the second held the address before the first could say so."""
    entity = blocked_by_one()
    entity.ask("release", case_id="case-a")
    assert entity.ask("wanted")["until"] is None
    entity.hold("case-b")
    entity.ask("own", firewall="panos", present=False)
    entity.ask("disown", firewall="panos", gone=True)
    assert entity.ask("release", case_id="case-b")["owned"] == ["panos"]


def test_a_block_that_was_refused_is_not_ours_though_the_case_holds_the_address() -> None:
    entity = blocked_by_one()
    assert entity.ask("disown", firewall="panos", gone=False)["owned"] == []
