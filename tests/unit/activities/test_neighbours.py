"""Who else an address signs in, as the activity asks it: the real query, on a real KQL engine."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.sign_ins import analyse_sign_ins
from lab.simulators.kql.store import KqlStore
from shared.errors import RetryableError
from shared.kql import let_statements
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from tests.support.fakes import FakeHouse, FakeSiem
from tests.support.scripts import OBJECT_ID, case_payload
from tests.unit.activities.calls import block
from tests.unit.playbook.builders import ATTACK_AT, ATTACKER, SUCCESS_AT, failures, sign_in

ELSEWHERE = "203.0.113.99"
DOWN = RetryableError("timed out", vendor="sentinel", operation="query")


class KustoSiem(FakeSiem):
    """Answers from rows, and remembers what was asked."""

    def __init__(self, rows: list[Json], okta: Sequence[Json] = ()) -> None:
        super().__init__()
        self._store = KqlStore()
        self._store.load({"SigninLogs": rows, "OktaV2_CL": list(okta)})
        self.asked: list[Json] = []
        self.partial = False

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        self._call("run_query")
        self.asked.append(parameters)
        found = self._store.query(let_statements(parameters) + query, start, end)
        columns = [column.name for column in found.columns]
        return QueryResult(
            rows=[dict(zip(columns, row, strict=True)) for row in found.rows], partial=self.partial
        )


def colleagues(count: int, *days: int, address: str = ATTACKER) -> list[Json]:
    return [
        {
            "TimeGenerated": format_utc(ATTACK_AT - timedelta(days=day)),
            "UserId": f"user-{number}",
            "UserPrincipalName": f"user{number}@contoso.example",
            "IPAddress": address,
            "ResultType": "0",
        }
        for number in range(count)
        for day in days
    ]


def case(**changes: Any) -> Json:
    later = format_utc(SUCCESS_AT + timedelta(minutes=10))
    given = {"addresses": [ATTACKER], "now": later, "detected_at": later, "received_at": later}
    return case_payload(**given | {"successful_login_time": format_utc(SUCCESS_AT)} | changes)


async def look(house: FakeHouse, siem: FakeSiem, **changes: Any) -> Json:
    house.providers.siem = siem
    house.sign_in_log.result = SignInLogResult(
        events=[*failures(25, over=timedelta(minutes=8)), sign_in(SUCCESS_AT)], rows=26
    )
    return await block(analyse_sign_ins, BlockName.SIGN_INS, case=case(**changes))


async def test_one_question_about_all_addresses_counts_the_others(house: FakeHouse) -> None:
    siem = KustoSiem(colleagues(7, 1, 2, 20))
    found = await look(house, siem, addresses=[ATTACKER, ELSEWHERE])
    use = found["details"]["analysis"]["address_use"]
    assert (use["usual_accounts"], use["settled_accounts"], use["partial"]) == (7, 7, False)
    assert use["before"] == "2026-11-20T00:00:00.000Z"
    [asked] = siem.asked
    assert asked["addresses"] == [ATTACKER, ELSEWHERE]
    assert asked["userId"] == OBJECT_ID


async def test_an_address_that_only_the_log_shows_is_asked_about_too(house: FakeHouse) -> None:
    siem = KustoSiem(colleagues(7, 1, 2))
    found = await look(house, siem, addresses=[ELSEWHERE])
    assert found["details"]["suspicious_address"] == ATTACKER
    assert found["details"]["analysis"]["address_use"]["usual_accounts"] == 7
    assert [asked["addresses"] for asked in siem.asked] == [[ELSEWHERE], [ATTACKER]]


async def test_days_of_an_attack_that_began_earlier_do_not_count(house: FakeHouse) -> None:
    """The incident tells of today; the log shows that the guessing began the evening before."""
    siem = KustoSiem(colleagues(7, 1, 3))
    house.providers.siem = siem
    evening = [sign_in(ATTACK_AT - timedelta(hours=20, minutes=i), "50126") for i in range(6)]
    events = [*evening, *failures(25, over=timedelta(minutes=8)), sign_in(SUCCESS_AT)]
    house.sign_in_log.result = SignInLogResult(events=events, rows=len(events))
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=case())
    use = found["details"]["analysis"]["address_use"]
    assert use["before"] == "2026-11-19T00:00:00.000Z"
    assert use["usual_accounts"] == 0
    assert len(siem.asked) == 2


@pytest.mark.parametrize(("url", "accounts"), [("https://contoso.okta.example", 9), ("", 3)])
async def test_oktas_log_is_asked_when_there_is_okta(
    house: FakeHouse, configure: Callable[..., None], url: str, accounts: int
) -> None:
    configure(okta_url=url)
    okta = [
        {
            "TimeGenerated": format_utc(ATTACK_AT - timedelta(days=day)),
            "OriginalUserId": f"00u{number}",
            "OriginalActorAlternateId": f"worker{number}@contoso.example",
            "SrcIpAddr": ATTACKER,
            "EventOriginalType": "user.session.start",
            "OriginalOutcomeResult": "SUCCESS",
        }
        for number in range(6)
        for day in (1, 2)
    ]
    found = await look(house, KustoSiem(colleagues(3, 1, 2), okta))
    assert found["details"]["analysis"]["address_use"]["usual_accounts"] == accounts


async def test_missing_rows_are_said(house: FakeHouse) -> None:
    siem = KustoSiem(colleagues(2, 1, 2))
    siem.partial = True
    found = await look(house, siem)
    use = found["details"]["analysis"]["address_use"]
    assert (use["usual_accounts"], use["partial"]) == (2, True)


@pytest.mark.parametrize("addresses", [[ATTACKER], [ELSEWHERE]])
async def test_what_could_not_be_asked_is_unknown_and_said(
    house: FakeHouse, addresses: list[str]
) -> None:
    siem = KustoSiem([])
    siem.failing["run_query"] = DOWN
    found = await look(house, siem, addresses=addresses)
    assert found["details"]["analysis"]["address_use"] is None
    assert any(note.startswith(f"other accounts of {ATTACKER}: ") for note in found["notes"])
