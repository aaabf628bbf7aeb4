"""A case whose account may get an access pass, and asking for one."""

from typing import Any

from shared.models.base import Json
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID, outcome
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import CASE_ID, handler, person, request
from triggers import access_pass

post = handler(access_pass.issue_access_pass)

WHY = {"comment": "rang her at the desk"}
ACCOUNT: Json = {
    "key": "a" * 32,
    "object_id": OBJECT_ID,
    "user_principal_name": "ann@contoso.com",
    "directory": "entra",
    "kinds": ["ordinary"],
}
RESET = outcome(ActionName.FORCE_PASSWORD_RESET)


def put(house: FakeHouse, account: Json | None = None, **changes: Any) -> None:
    """Store the case: its password reset is in force."""
    given = {"mode": "automatic", "actions": [RESET], "account": ACCOUNT | (account or {})}
    house.cases.records[CASE_ID] = record(**given | changes)


def ask(body: object = WHY, **more: Any) -> Any:
    """Return the request of an approver who is signed in."""
    return request(body=body, **{"headers": person()} | more)


def timeline(house: FakeHouse) -> str:
    """Return what the record's timeline says."""
    return " | ".join(one["event"] for one in house.cases.records[CASE_ID]["timeline"])
