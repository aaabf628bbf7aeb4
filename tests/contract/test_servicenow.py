from collections.abc import Callable

import pytest

from shared.errors import NotFound, PermanentError, RetryableError
from shared.models.message import Ticket
from shared.providers.servicenow import ServiceNow
from shared.providers.servicenow.incidents import Row, raised
from shared.settings import Settings
from tests.contract.processes import Lab


def ticket(note: str = "", **values: object) -> Ticket:
    usual = {
        "correlation_id": "case-1",
        "title": "Account compromised: ada@contoso.example",
        "description": "What is known",
        "severity": "High",
    }
    return Ticket.model_validate({**usual, "work_note": note, **values})


def notes(lab: Lab) -> list[str]:
    (kept,) = lab.state()["tickets"]
    return [entry["value"].partition("\n\n[tourniquet ")[0] for entry in kept["journal"]]


async def test_a_ticket_is_created_once(lab: Lab, settings: Settings) -> None:
    servicenow = ServiceNow(settings)
    first = await servicenow.upsert(ticket())
    again = await servicenow.upsert(ticket())
    assert (first.created, again.created) == (True, False)
    assert first.ticket_id == again.ticket_id
    assert first.ticket_id.startswith("INC")
    (kept,) = lab.state()["tickets"]
    assert (kept["priority"], kept["correlation_id"]) == ("1", "case-1")
    assert all("violation" not in line for line in lab.ledger("servicenow"))


async def test_the_link_opens_the_ticket(lab: Lab, settings: Settings) -> None:
    reference = await ServiceNow(settings).upsert(ticket())
    (kept,) = lab.state()["tickets"]
    expected = f"/nav_to.do?uri=incident.do%3Fsys_id%3D{kept['sys_id']}"
    assert (reference.url or "").endswith(expected)
    assert (reference.url or "").startswith(settings.servicenow_url or "-")


@pytest.mark.parametrize(("severity", "priority"), [("High", "1"), ("Medium", "3"), ("Low", "5")])
async def test_severity_becomes_priority(
    lab: Lab, settings: Settings, severity: str, priority: str
) -> None:
    await ServiceNow(settings).upsert(ticket(severity=severity))
    assert lab.state()["tickets"][0]["priority"] == priority


async def test_a_ticket_is_raised_with_the_case_and_never_lowered(
    lab: Lab, settings: Settings
) -> None:
    servicenow = ServiceNow(settings)
    await servicenow.upsert(ticket("opened", severity="Low", title="Possible compromise"))
    for severity in ("High", "Low"):
        await servicenow.upsert(ticket(severity, severity=severity, title=f"{severity} case"))
        (kept,) = lab.state()["tickets"]
        assert (kept["priority"], kept["short_description"]) == ("1", "High case")
    assert notes(lab) == ["opened", "High", "Low"]
    assert all("violation" not in line for line in lab.ledger("servicenow"))


def test_levels_are_read_as_servicenow_displays_them() -> None:
    shown = Row(sys_id="0" * 32, number="INC1", impact="3 - Low", urgency="1 - High")
    assert raised(shown, ticket(severity="Medium"))["impact"] == "2"
    assert "urgency" not in raised(shown, ticket(severity="Medium"))


async def test_an_update_adds_its_note_once_however_often_it_comes(
    lab: Lab, settings: Settings
) -> None:
    servicenow = ServiceNow(settings)
    await servicenow.upsert(ticket())
    await servicenow.upsert(ticket("Sessions revoked"))
    await servicenow.upsert(ticket("Password reset"))
    await servicenow.upsert(ticket("Sessions revoked"))
    assert notes(lab) == ["Sessions revoked", "Password reset"]


async def test_a_ticket_that_comes_late_carries_its_note(lab: Lab, settings: Settings) -> None:
    servicenow = ServiceNow(settings)
    await servicenow.upsert(ticket("Sessions revoked"))
    await servicenow.upsert(ticket("Sessions revoked"))
    assert notes(lab) == ["Sessions revoked"]


async def test_a_note_whose_answer_was_lost_is_not_doubled(lab: Lab, settings: Settings) -> None:
    servicenow = ServiceNow(settings)
    await servicenow.upsert(ticket())
    lab.fault("servicenow", "reset", operation="incident.patch", when="after", times=1)
    with pytest.raises(RetryableError):
        await servicenow.upsert(ticket("Sessions revoked"))
    await servicenow.upsert(ticket("Sessions revoked"))
    assert notes(lab) == ["Sessions revoked"]


async def test_a_creation_whose_answer_was_lost_is_not_doubled(
    lab: Lab, settings: Settings
) -> None:
    lab.fault("servicenow", "reset", operation="incident.post", when="after", times=1)
    with pytest.raises(RetryableError):
        await ServiceNow(settings).upsert(ticket())
    assert not (await ServiceNow(settings).upsert(ticket())).created
    assert len(lab.state()["tickets"]) == 1


async def test_cases_do_not_share_tickets(lab: Lab, settings: Settings) -> None:
    servicenow = ServiceNow(settings)
    first = await servicenow.upsert(ticket())
    second = await servicenow.upsert(ticket(correlation_id="case-2"))
    assert first.ticket_id != second.ticket_id


async def test_a_query_that_servicenow_ignored_creates_nothing(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A user who may not read the field: ServiceNow drops the condition and returns any row.
    await ServiceNow(settings).upsert(ticket(correlation_id="case-0"))
    monkeypatch.setattr(
        "shared.providers.servicenow.incidents.QUERY", "no_such_field={id}^ORDERBYsys_created_on"
    )
    with pytest.raises(PermanentError, match="did not filter"):
        await ServiceNow(settings).upsert(ticket())
    assert len(lab.state()["tickets"]) == 1


@pytest.mark.parametrize("case_id", ["", "a^b", "a=b", "a b", "x" * 101, "a\nb", "ø"])
async def test_an_id_that_could_change_the_query_is_refused(
    lab: Lab, settings: Settings, case_id: str
) -> None:
    with pytest.raises(PermanentError, match="correlation_id"):
        await ServiceNow(settings).upsert(ticket(correlation_id=case_id))
    assert lab.ledger("servicenow") == []


async def test_long_and_nasty_texts_fit(lab: Lab, make_settings: Callable[..., Settings]) -> None:
    text = "[code]<script>alert(1)</script>[/CODE] " * 400
    await ServiceNow(make_settings()).upsert(ticket(text, title=text, description=text))
    (kept,) = lab.state()["tickets"]
    assert (len(kept["short_description"]), len(kept["description"])) == (160, 4000)
    assert "[code]" not in notes(lab)[0]
    assert "[/CODE]" not in notes(lab)[0]


async def test_what_only_adds_a_note_opens_no_ticket(lab: Lab, settings: Settings) -> None:
    with pytest.raises(NotFound):
        await ServiceNow(settings).upsert(ticket("Two accounts more", must_exist=True))
    assert lab.state()["tickets"] == []
