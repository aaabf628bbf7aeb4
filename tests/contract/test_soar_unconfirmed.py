"""A SOAR case that was made although nobody was told: it is looked for, and none is made beside."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from activities import ticket_claims
from activities.ticketing import open_ticket
from shared.bootstrap import Providers, set_providers
from shared.errors import RetryableError
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.providers.google_secops_soar import GoogleSecOpsCases, creating
from shared.providers.people import ticket_systems
from shared.settings import Settings, get_settings
from tests.contract.google_account import secops
from tests.contract.processes import Lab
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload

SOAR = "google_secops_soar"
CASE = CaseRequest.model_validate(case_payload())
LOST: dict[str, dict[str, Any]] = {
    "an error from behind the server": {"kind": "status", "value": 500},
    "a broken connection": {"kind": "reset"},
    "an answer that is no JSON": {"kind": "malformed"},
}
"""How the answer to a creation gets lost after it had its effect."""


@pytest.fixture
def kept(lab: Lab, make_settings: Callable[..., Settings]) -> Iterator[FakeCases]:
    get_settings.cache_clear()
    settings = make_settings(servicenow_url=None, **secops(lab))
    store = FakeCases()
    store.records[CASE.case_id] = initial_record(CASE)
    set_providers(Providers(cases=store, ticketing=ticket_systems(settings)))
    yield store
    set_providers(None)
    get_settings.cache_clear()


async def tell(phase: str) -> dict[str, Any]:
    return await open_ticket(cast(Any, None), {"case_id": CASE.case_id, "phase": phase})


def cases(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.state()["google_secops_cases"]
    return found


@pytest.mark.parametrize("how", LOST)
async def test_a_case_whose_number_was_lost_is_found_while_the_search_lags(
    lab: Lab, kept: FakeCases, how: str
) -> None:
    fault = {"vendor": SOAR, "operation": "cases.create", "when": "after", "times": 1}
    lab.call("PUT", "faults", [fault | LOST[how]])
    told = await tell("opened")
    assert told["ticket_id"] == "401" and len(cases(lab)) == 1
    assert (await tell("completed"))["ticket_id"] == "401" and len(cases(lab)) == 1


async def test_an_answer_without_a_number_counts_as_made(
    lab: Lab, kept: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creating, "number_in", lambda _body: None)
    assert (await tell("opened"))["ticket_id"] == "401"
    assert len(cases(lab)) == 1


async def test_while_the_search_does_not_show_it_none_is_made(
    lab: Lab, kept: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creating, "number_in", lambda _body: None)
    monkeypatch.setattr(ticket_claims, "PATIENCE_SECONDS", 0.2)
    seen = GoogleSecOpsCases.find

    async def nothing(_self: GoogleSecOpsCases, _tag: str) -> None:
        return None

    monkeypatch.setattr(GoogleSecOpsCases, "find", nothing)
    for phase in ("opened", "opened", "completed"):
        with pytest.raises(RetryableError, match="not found yet"):
            await tell(phase)
    assert len(cases(lab)) == 1, "asked three times, made once"
    monkeypatch.setattr(ticket_claims, "PATIENCE_SECONDS", 100.0)
    monkeypatch.setattr(GoogleSecOpsCases, "find", seen)
    assert (await tell("completed"))["ticket_id"] == "401" and len(cases(lab)) == 1


async def test_one_that_is_never_found_is_made_again_in_the_end(
    lab: Lab, kept: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = f"{CASE.case_id}/ticket-{SOAR}-1"
    kept.claims[claim] = {"call": "another", "at": "2026-11-20T12:00:00Z"}
    kept.claims[f"{claim}-ended"] = {"made": "perhaps"}
    assert (await tell("opened"))["ticket_id"] == "401"
    assert len(cases(lab)) == 1, "half an hour is over, and there is none"
