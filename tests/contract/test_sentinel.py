"""Queries and incidents against the simulators: real KQL, official schemas."""

from collections.abc import Callable

import pytest

from shared.errors import NotConfigured, NotFound, NotSupported, PermanentError
from shared.models.query import QueryResult
from shared.providers.sentinel import Sentinel
from shared.providers.sentinel.comments import LONGEST_COMMENT
from shared.providers.sentinel.query_answer import read_answer
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import ANNA, INCIDENT, TRIGGER, WINDOW, row, sign_ins


async def test_run_query_binds_parameters_and_types(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0", AppDisplayName='App "quoted" \\ slash'), row(1, "50126")])
    query = (
        "SigninLogs | where UserId =~ user and AppDisplayName in (apps)"
        " | project TimeGenerated, ResultType, LocationDetails, AutonomousSystemNumber"
    )

    result = await Sentinel(settings).run_query(
        query, parameters={"user": ANNA, "apps": ['App "quoted" \\ slash']}, **WINDOW
    )

    assert result == QueryResult(
        rows=[
            {
                "TimeGenerated": "2026-11-20T12:00:00Z",
                "ResultType": "0",
                "LocationDetails": row(0, "0")["LocationDetails"],
                "AutonomousSystemNumber": "64500",
            }
        ]
    )


async def test_a_missing_table_says_which(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="NoSuchTable"):
        await Sentinel(settings).run_query("NoSuchTable | take 1", parameters={}, **WINDOW)


async def test_a_parameter_that_cannot_be_written_is_refused(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="U\\+0000"):
        await Sentinel(settings).run_query("print x", parameters={"x": "a\x00"}, **WINDOW)

    assert lab.ledger("log_analytics") == []


async def test_without_a_workspace_nothing_is_asked(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(log_analytics_workspace_id=None)

    with pytest.raises(NotConfigured, match="WORKSPACE_ID"):
        await Sentinel(settings).run_query("print 1", parameters={}, **WINDOW)


def test_a_partial_answer_keeps_its_rows_and_says_why() -> None:
    table = {"name": "t", "columns": [{"name": "a", "type": "long"}], "rows": [[1], [2]]}
    error = {"code": "PartialError", "message": "64 MB exceeded"}

    assert read_answer({"tables": [table], "error": error}) == QueryResult(
        rows=[{"a": 1}, {"a": 2}], partial=True, detail="PartialError 64 MB exceeded"
    )


def test_cells_are_read_by_their_columns_type() -> None:
    kinds = ["datetime", "datetime", "dynamic", "dynamic", "guid", "string"]
    columns = [{"name": f"{at}", "type": kind} for at, kind in enumerate(kinds)]
    cells = ["2026-11-20T13:00:00.1234567+01:00", "soon", '{"a": [1]}', "{", None, "2026-11-20"]

    answer = read_answer({"tables": [{"name": "t", "columns": columns, "rows": [cells]}]})

    read = ["2026-11-20T12:00:00.123456Z", "soon", {"a": [1]}, "{", None, "2026-11-20"]
    assert list(answer.rows[0].values()) == read


@pytest.fixture
def sentinel(lab: Lab, settings: Settings) -> Sentinel:
    lab.call("PUT", "incidents", [TRIGGER])
    return Sentinel(settings)


async def test_get_incident(sentinel: Sentinel) -> None:
    incident = await sentinel.get_incident(INCIDENT)

    assert incident["properties"]["title"] == "Brute force success"


async def test_an_incident_that_is_gone_is_not_found(sentinel: Sentinel, lab: Lab) -> None:
    lab.fault("sentinel", "status", value=404)

    with pytest.raises(NotFound):
        await sentinel.get_incident(INCIDENT)


@pytest.mark.parametrize(
    "incident_id", ["CASE-17", "", f"{INCIDENT}/../../x", f"{INCIDENT}/comments/1", "https://evil/"]
)
async def test_only_sentinel_incidents_are_reached(
    sentinel: Sentinel, lab: Lab, incident_id: str
) -> None:
    with pytest.raises(NotSupported):
        await sentinel.comment_on_incident(incident_id, key="k", text="t")

    assert lab.ledger("sentinel") == []


async def test_a_comment_with_the_same_key_is_replaced(sentinel: Sentinel, lab: Lab) -> None:
    await sentinel.comment_on_incident(INCIDENT, key="opened", text="one")
    await sentinel.comment_on_incident(INCIDENT.lower(), key="opened", text="two")
    await sentinel.comment_on_incident(INCIDENT, key="done", text="**three**")

    lines = lab.ledger("sentinel")
    paths = [line["path"].rsplit("/", 1)[1] for line in lines]
    assert paths[0] == paths[1] != paths[2]
    assert all(line["status"] in (200, 201) for line in lines)


async def test_a_long_comment_is_cut_and_says_so(sentinel: Sentinel, lab: Lab) -> None:
    await sentinel.comment_on_incident(INCIDENT, key="k", text="x" * (LONGEST_COMMENT + 1))

    (line,) = lab.ledger("sentinel")
    message = line["body"]["properties"]["message"]
    assert len(message) == LONGEST_COMMENT
    assert message.endswith("characters in a comment)_")
