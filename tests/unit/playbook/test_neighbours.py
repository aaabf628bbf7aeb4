"""Who else an address signs in: the query on a real KQL engine agrees with the rule in Python."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.kql import let_statements
from shared.models.base import format_utc
from shared.models.directory import UserRisk
from shared.models.signin import SignIn
from shared.playbook.confidence.scoring import score
from shared.playbook.sign_ins.neighbours import (
    AddressUse,
    address_use,
    attack_day,
    read_address_use,
)
from shared.playbook.sign_ins.neighbours_query import OktaTable, neighbours_query
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
TODAY = attack_day(ATTACK_AT)
PARAMETERS = {
    "userId": OWN,
    "userPrincipalName": USER,
    "addresses": [ATTACKER, HOME],
    "attackDay": TODAY,
}


def other(number: int, code: str, *, day: int = 0, address: str = ATTACKER, **more: Any) -> SignIn:
    return sign_in(
        ATTACK_AT - timedelta(days=day, minutes=number),
        code,
        id=f"{number}-{code}-{day}-{address}",
        user_id=f"user-{number}",
        user_principal_name=f"user{number}@contoso.example",
        address=address,
        **more,
    )


def month(numbers: range, days: range, **more: Any) -> list[SignIn]:
    return [other(number, "0", day=day, **more) for number in numbers for day in days]


SPRAY = [*(other(number, "50126") for number in range(8)), other(3, "0"), other(4, "50076")]
OFFICE = [other(number, "0", day=day, address=HOME) for number in range(4) for day in range(3)]
OFFICE += [other(1, "50126", address=HOME)]
TWO_DAYS = [other(number, "0", day=day) for number in range(6) for day in range(2)]
OF_OURSELVES = [sign_in(ATTACK_AT, "50126"), sign_in(SUCCESS_AT)]
RISKY = {"risk_level": "medium", "authentication_requirement": "singleFactorAuthentication"}
RISKY_WITH_MFA = {"risk_level": "medium", "authentication_requirement": "multiFactorAuthentication"}
ROWS = {
    "spray": (SPRAY, AddressUse(guessed_accounts=8, right_accounts=2), True, False),
    "office": (
        OFFICE,
        AddressUse(guessed_accounts=1, right_accounts=4, regular_accounts=4, usual_accounts=4),
        False,
        True,
    ),
    "one campaign": (TWO_DAYS, AddressUse(right_accounts=6), False, False),
    "ourselves": (OF_OURSELVES, AddressUse(), False, False),
    "nobody": ([], AddressUse(), False, False),
    "old office": (
        month(range(6), range(1, 20)),
        AddressUse(right_accounts=6, regular_accounts=6, usual_accounts=6, settled_accounts=6),
        False,
        True,
    ),
    "new office": (
        month(range(6), range(1, 5)),
        AddressUse(right_accounts=6, regular_accounts=6, usual_accounts=6),
        False,
        True,
    ),
    "tokens alone": (
        month(range(6), range(1, 20), interactive=False),
        AddressUse(usual_accounts=6, settled_accounts=6),
        False,
        False,
    ),
    "six caught today": (
        SPRAY[:8] + month(range(6), range(1)),
        AddressUse(guessed_accounts=8, right_accounts=6),
        True,
        False,
    ),
    "six caught on one day before": (
        month(range(6), range(1)) + month(range(6), range(3, 4)),
        AddressUse(right_accounts=6),
        False,
        False,
    ),
    "failures of a month": (
        [other(number, "50126", day=day) for number in range(9) for day in range(20)],
        AddressUse(guessed_accounts=9),
        True,
        False,
    ),
    "flagged": (
        month(range(6), range(1, 20), **RISKY),
        AddressUse(right_accounts=6, regular_accounts=6),
        False,
        True,
    ),
    "flagged, second factor passed": (
        month(range(6), range(1, 20), **RISKY_WITH_MFA),
        AddressUse(right_accounts=6, regular_accounts=6, usual_accounts=6, settled_accounts=6),
        False,
        True,
    ),
    "high risk, second factor passed": (
        month(range(6), range(1, 20), **RISKY_WITH_MFA | {"risk_level": "high"}),
        AddressUse(right_accounts=6, regular_accounts=6),
        False,
        True,
    ),
    "confirmed compromised": (
        month(range(6), range(1, 20), risk_state="confirmedCompromised"),
        AddressUse(right_accounts=6, regular_accounts=6),
        False,
        True,
    ),
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
            "AuthenticationRequirement": event.authentication_requirement,
            "RiskLevelDuringSignIn": event.risk_level,
            "RiskState": event.risk_state,
        }
        for event in events
    ]


def ask(
    tables: dict[str, list[dict[str, Any]]], okta: OktaTable | None = None
) -> list[dict[str, Any]]:
    store = KqlStore()
    store.load(tables)
    found = store.query(let_statements(PARAMETERS) + neighbours_query(okta), None, None)
    columns = [column.name for column in found.columns]
    return [dict(zip(columns, row, strict=True)) for row in found.rows]


@pytest.mark.parametrize("name", ROWS)
def test_query_and_rule_agree(name: str) -> None:
    events, use, spray, shared = ROWS[name]
    expected = use.model_copy(update={"before": TODAY})
    address = HOME if name == "office" else ATTACKER
    assert address_use(events, address, user=OWN, before=TODAY) == expected
    assert (expected.is_spray, expected.is_shared) == (spray, shared)
    tables = {
        "SigninLogs": rows_of([one for one in events if one.interactive]),
        "AADNonInteractiveUserSignInLogs": rows_of([one for one in events if not one.interactive]),
    }
    assert read_address_use(ask(tables), address, before=TODAY) == expected


def test_one_answer_for_each_address_however_many_accounts() -> None:
    events = month(range(300), range(1, 3)) + month(range(3), range(1, 3), address=HOME)
    rows = ask({"SigninLogs": rows_of(events)})
    assert len(rows) == 2
    assert read_address_use(rows, ATTACKER).usual_accounts == 300
    assert read_address_use(rows, HOME).usual_accounts == 3
    assert read_address_use(rows, "198.51.100.77") == AddressUse()


OKTA_COLUMNS: dict[OktaTable, tuple[str, ...]] = {
    "OktaV2_CL": (
        "OriginalUserId",
        "OriginalActorAlternateId",
        "SrcIpAddr",
        "EventOriginalType",
        "OriginalOutcomeResult",
    ),
    "Okta_CL": (
        "actor_id_s",
        "actor_alternateId_s",
        "client_ipAddress_s",
        "eventType_s",
        "outcome_result_s",
    ),
}


@pytest.mark.parametrize("table", OKTA_COLUMNS)
def test_people_who_sign_in_by_okta_count_and_one_person_counts_once(table: OktaTable) -> None:
    def row(number: int, day: int, event: str, outcome: str) -> dict[str, Any]:
        login = USER if number == 0 else f"User{number}@contoso.example"
        values = (f"00u{number}", login, ATTACKER, event, outcome)
        at = format_utc(ATTACK_AT - timedelta(days=day))
        return {"TimeGenerated": at} | dict(zip(OKTA_COLUMNS[table], values, strict=True))

    start = "user.session.start"
    rows = [row(number, day, start, "SUCCESS") for number in range(7) for day in range(1, 12)]
    rows += [row(number, day, start, "FAILURE") for number in range(20, 40) for day in range(1, 12)]
    rows += [row(number, 3, "user.mfa.factor.update", "SUCCESS") for number in range(40, 60)]
    entra = rows_of(month(range(4, 9), range(1, 12)))
    found = read_address_use(ask({"SigninLogs": entra, table: rows}, table), ATTACKER)
    assert (found.usual_accounts, found.settled_accounts) == (8, 8), "1 to 6 and 4 to 8"
    assert (found.guessed_accounts, found.regular_accounts) == (0, 5), "Entra's alone"
    assert read_address_use(ask({"SigninLogs": entra}, table), ATTACKER).usual_accounts == 5


def test_an_address_in_two_spellings_is_one() -> None:
    rows = [
        {"IPAddress": ATTACKER, "GuessedAccounts": 2, "UsualAccounts": 5},
        {"IPAddress": f"::ffff:{ATTACKER}", "GuessedAccounts": 3, "UsualAccounts": 4},
    ]
    found = read_address_use(rows, ATTACKER)
    assert (found.guessed_accounts, found.usual_accounts) == (5, 5)


def test_the_attack_begins_with_the_first_sign_of_it() -> None:
    late, early = ATTACK_AT, ATTACK_AT - timedelta(days=2)
    assert attack_day(None, late, early) == attack_day(early) == TODAY - timedelta(days=2)


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
