"""Several cases at one address: campaign and record are the real activities, the rest scripted."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from activities.campaign import claim_campaign_note, find_campaign
from activities.record import save_case
from shared.bootstrap import set_providers
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from tests.support.durable_backend import Engine, Run, Script
from tests.support.fakes import FakeHouse
from tests.support.joining import LATER
from tests.support.scripts import ADDRESS, T0, case_payload, decided, default_scripts


class Neighbourhood:
    """Cases of different accounts, hit from one address, on one engine."""

    def __init__(self, engine: Engine, house: FakeHouse) -> None:
        self._engine, self.house = engine, house
        self.runs: list[Run] = []
        self._open: list[Run] = []
        self.address: str | None = ADDRESS
        self.confidence = "High"
        self.deliveries = 1
        """How often each of the real activities is delivered."""

    def attack(self, **scripts: Any) -> Run:
        """Open a case about one more account; wait until it is handed over and linked."""
        number = len(self.runs) + 1
        late = {"find_campaign": self._once_ticketed(self._real(find_campaign))}
        run = self._engine.case(default_scripts() | self.scripts(number) | late | scripts)
        self.runs.append(run)
        self._open.append(run)
        account = {"key": f"{number:032x}", "user_id": name_of(number)}
        run.start("respond", case_payload(account=account, timing=LATER))
        run.wait_for_call("comment_incident", count=2)
        if self.address and self.confidence != "Low":
            run.wait(f"{run.case_id}:campaign:1")
        return run

    def storm(self, count: int) -> None:
        """Let so many accounts be hit in the same instant: only the linking of their cases."""
        for number in range(1, count + 1):
            run = self._engine.case(default_scripts() | self.scripts(number))
            case = CaseRequest.model_validate(case_payload(case_id=run.case_id))
            self.house.cases.records[run.case_id] = initial_record(case)
            self.runs.append(run)
        for number, run in enumerate(self.runs, 1):
            run.start("link_campaign", hit(number))
        for run in self.runs:
            run.wait()

    def record(self, run: Run) -> Json:
        """Return the case's record as it is now."""
        return self.house.cases.records[run.case_id]

    def close(self) -> None:
        """Close every open case, and wait for what each of them started."""
        for run in self._open:
            run.tell("Closed", {"by": "kim", "comment": "done"})
        for run in self._open:
            run.wait()
        self._open.clear()

    def notes(self, run: Run, activity: str = "open_ticket") -> int:
        """Return how often a case's people were told of the campaign."""
        return [call["phase"] for call in run.called(activity)].count("campaign")

    def scripts(self, number: int) -> dict[str, Any]:
        """Return the activities of the case of one account."""
        changes = {"object_id": f"id-{number}", "user_principal_name": name_of(number)}
        judged = decided() | changes | {"campaign_address": self.address}
        judged["verdict"] |= {"compromise_confidence_score": self.confidence}
        return {
            "decide_response": lambda _payload: judged,
            "find_campaign": self._real(find_campaign),
            "claim_campaign_note": self._real(claim_campaign_note),
            "save_case": self._real(save_case),
        }

    def _once_ticketed(self, script: Script) -> Script:
        """Let a script wait for the case's ticket: the engine's clock does not wait for it."""

        def wait(payload: Json) -> Any:
            limit = time.monotonic() + 120
            while not self._has_ticket(payload["case_id"]) and time.monotonic() < limit:
                time.sleep(0.01)
            return script(payload)

        return wait

    def _has_ticket(self, case_id: str) -> bool:
        record = self.house.cases.records.get(case_id)
        block = record["blocks"][BlockName.NOTIFICATION] if record else {"outputs": {}}
        return bool(block["outputs"].get("incident_ticket_id"))

    def _real(self, activity: Any) -> Any:
        def script(payload: Json) -> Any:
            answers = [
                asyncio.run(activity(cast(Any, None), dict(payload)))
                for _ in range(self.deliveries)
            ]
            return answers[-1]

        return script


def hit(number: int) -> Json:
    """Return what the linking of the n-th account's case is started with."""
    return {
        "address": ADDRESS,
        "account_id": f"id-{number}",
        "account": name_of(number),
        "opened_at": T0,
        "confidence": "High",
    }


def name_of(number: int) -> str:
    """Return the name of the n-th account."""
    return f"user{number}@contoso.example"


@contextmanager
def neighbourhood(engine: Engine) -> Iterator[Neighbourhood]:
    """Several cases at one address, with stores of their own; closed at the end."""
    house = FakeHouse()
    set_providers(house.providers)
    town = Neighbourhood(engine, house)
    try:
        yield town
        town.close()
    finally:
        set_providers(None)
