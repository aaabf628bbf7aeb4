from collections.abc import Callable
from itertools import count
from typing import Any

from orchestrators.hand_over import TICKET_RETRY_MINUTES
from tests.support.durable_backend import Run
from tests.support.scripts import default_scripts

REFUSED = {"ticket_id": None, "url": None, "error": "HTTP 403"}


def test_a_refused_ticket_is_tried_again(case: Callable[..., Run]) -> None:
    numbers = count(1)

    def ticket(payload: dict[str, Any]) -> Any:
        return REFUSED if next(numbers) < 3 else default_scripts()["open_ticket"](payload)

    run = case(open_ticket=ticket)
    run.start("open_ticket_late", {})
    assert run.output(bool) is True
    patch = run.called("save_case")[0]["patch"]
    outputs = patch["blocks"]["Incident_Creation_Notification"]["outputs"]
    assert outputs == {"incident_ticket_id": "INC0010001"}


def test_a_ticket_that_is_never_taken_is_left_to_people(case: Callable[..., Run]) -> None:
    run = case(open_ticket=lambda _payload: REFUSED)
    run.start("open_ticket_late", {})
    run.wait_for_call("open_ticket", 3)
    assert not run.called("save_case"), "a refusal is not a ticket"
    assert len(TICKET_RETRY_MINUTES) == 10
