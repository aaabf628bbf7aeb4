"""Who else an address signs in: the query on a real KQL engine agrees with the rule in Python."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulators.kql_store import KqlStore
from shared.kql import let_statements
from shared.models.base import format_utc
from shared.models.directory import UserRisk
from shared.models.signin import SignIn
from shared.playbook.confidence.scoring import score
from shared.playbook.sign_ins.neighbours import QUERY, AddressUse, address_use, read_address_use
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACK_AT,
    ATTACKER,
    HOME,
    SUCCESS_AT,
    USER,
    WITHOUT_MFA,
    analyse,
    facts,
    history,
    plain_address,
    sign_in,
)

OWN = "00000000-0000-0000-0000-000000000001"
PARAMETERS = {"userId": OWN, "userPrincipalName": USER, "addresses": [ATTACKER, HOME]}


def other(number: int, code: str, *, day: int = 0, address: str = ATTACKER) -> SignIn:
    return sign_in(
        ATTACK_AT - timedelta(days=day, minutes=number),
        code,
        id=f"{number}-{code}-{day}-{address}",
        user_id=f"user-{number}",
        user_principal_name=f"user{number}@contoso.example",
        address=address,
    )


SPRAY = [*(other(number, "50126") for number in range(8)), other(3, "0"), other(4, "50076")]
OFFICE = [other(number, "0", day=day, address=HOME) for number in range(4) for day in range(3)]
OFFICE += [other(1, "50126", address=HOME)]
TWO_DAYS = [other(number, "0", day=day) for number in range(6) for day in range(2)]
OF_OURSELVES = [sign_in(ATTACK_AT, "50126"), sign_in(SUCCESS_AT)]
ROWS = {
    "spray": (SPRAY, AddressUse(guessed_accounts=8, right_accounts=2), True, False),
    "office": (
        OFFICE,
        AddressUse(guessed_accounts=1, right_accounts=4, regular_accounts=4),
        False,
        True,
    ),
    "one campaign": (TWO_DAYS, AddressUse(right_accounts=6), False, False),
    "ourselves": (OF_OURSELVES, AddressUse(), False, False),
    "nobody": ([], AddressUse(), False, False),
}


def rows_of(events: list[SignIn]) -> list[dict[str, Any]]:
    return [
        {
            "TimeGenerated": format_utc(event.at),
            "Id": event.id,
            "UserId": event.user_id,
            "UserPrincipalName": event.user_principal_name,
            "ResultType": event.result_code,
            "IPAddress": event.address,
        }
        for event in events
    ]


@pytest.mark.parametrize("name", ROWS)
def test_query_and_rule_agree(name: str) -> None:
    events, expected, spray, shared = ROWS[name]
    address = HOME if name == "office" else ATTACKER
    assert address_use(events, address, user=OWN) == expected
    assert (expected.is_spray, expected.is_shared) == (spray, shared)
    store = KqlStore()
    store.load({"SigninLogs": rows_of(events)})
    found = store.query(let_statements(PARAMETERS) + QUERY, None, None)
    columns = [column.name for column in found.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in found.rows]
    assert read_address_use(rows, address) == expected


def weights(use: AddressUse | None, **more: Any) -> dict[str, float]:
    analysis = analyse([*history(), sign_in(SUCCESS_AT, **ABROAD | WITHOUT_MFA)], ATTACKER)
    analysis = analysis.model_copy(update={"address_use": use})
    verdict = score(facts(analysis, plain_address("NG"), **more))
    return {reason.id: reason.weight for reason in verdict.reasons}


def test_a_spray_weighs_as_much_as_a_brute_force() -> None:
    use = AddressUse(guessed_accounts=8, right_accounts=2)
    assert weights(use)["password_spray"] == 2.5
    assert "password_spray" not in weights(None)


def test_an_egress_of_the_organisation_is_familiar() -> None:
    use = AddressUse(right_accounts=9, regular_accounts=9)
    risk = UserRisk(level="none", state="none")
    assert weights(use, user_risk=risk)["shared_address"] < 0
