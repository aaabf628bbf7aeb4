"""Enrichment, addresses, sign-ins, hunts, context: what is missing is said, never guessed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from activities.addresses import check_address
from activities.analysis import analyse_activity, get_case_context
from activities.enrichment import enrich_user
from activities.recheck import recheck_sign_ins
from activities.sign_ins import analyse_sign_ins
from shared.errors import NotFound, PermissionDenied, RetryableError, Throttled
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.directory import Memberships, MfaRegistration
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from shared.models.trusted import TrustedLocation
from shared.playbook.hunts import load_hunts
from tests.support.fakes import FakeHouse, FakeReputation
from tests.support.scripts import ADDRESS, NAME, case_payload
from tests.unit.activities.calls import CASE, block, call
from tests.unit.playbook.builders import ATTACK_AT, sign_in

DOWN = RetryableError("timed out", vendor="vendor", operation="read")
READS = {
    "get_memberships": ("roles and groups", ["is_admin_role", "user_groups"]),
    "get_mfa_registration": ("MFA registration", ["mfa_enabled"]),
    "get_risk": ("risk", []),
    "get_eligible_roles": ("eligible roles", ["is_admin_role"]),
    "federated_domain": ("who checks the password", []),
}


async def test_a_whole_enrichment(house: FakeHouse) -> None:
    house.directory.memberships = Memberships(groups=["Sales"], roles=["Global Administrator"])
    house.directory.federated = "legal.example"
    found = await block(enrich_user, BlockName.USER, case=CASE)
    assert found["details"]["federated_domain"] == "legal.example"
    assert found["status"] == "complete"
    assert found["outputs"]["user_principal_name"] == NAME
    assert found["outputs"]["is_admin_role"] is True
    assert found["outputs"]["mfa_enabled"] is True
    assert found["outputs"]["user_groups"] == ["Sales"]
    assert found["details"]["profile"]["object_id"] == house.directory.user.object_id


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("error", [DOWN, PermissionDenied("consent is missing", status=403)])
async def test_each_read_that_fails_is_named_and_the_rest_is_kept(
    house: FakeHouse, read: str, error: Exception
) -> None:
    house.directory.failing[read] = error
    found = await block(enrich_user, BlockName.USER, case=CASE)
    named, unknown = READS[read]
    assert found["status"] == "partial"
    assert any(note.startswith(f"{named}: ") for note in found["notes"])
    assert all(found["outputs"][output] is None for output in unknown)
    assert found["outputs"]["user_principal_name"] == NAME
    assert found["details"]["profile"]
    assert found["details"]["federated_unknown"] is (read == "federated_domain")


async def test_a_role_that_may_be_activated_makes_an_administrator(house: FakeHouse) -> None:
    house.directory.eligible = ["User Administrator"]
    found = await block(enrich_user, BlockName.USER, case=CASE)
    assert found["outputs"]["is_admin_role"] is True
    assert found["details"]["roles"] == []
    assert found["details"]["eligible_roles"] == ["User Administrator"]


async def test_an_admin_flag_of_the_registration_counts_too(house: FakeHouse) -> None:
    house.directory.mfa = MfaRegistration(mfa_enabled=True, is_admin=True)
    found = await block(enrich_user, BlockName.USER, case=CASE)
    assert found["outputs"]["is_admin_role"] is True


@pytest.mark.parametrize("error", [DOWN, NotFound("no such user", status=404), Throttled("429")])
async def test_without_a_profile_only_the_incidents_names_are_known(
    house: FakeHouse, error: Exception
) -> None:
    house.directory.failing["get_user"] = error
    found = await block(enrich_user, BlockName.USER, case=CASE)
    assert found["status"] == "partial"
    assert found["outputs"]["is_admin_role"] is None
    assert found["details"] == {}
    assert found["notes"][0].startswith("profile: ")


async def test_an_unexpected_failure_of_a_read_stays_a_note_without_its_text(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house.directory.failing["get_risk"] = ValueError("row of ann@contoso.com")
    found = await block(enrich_user, BlockName.USER, case=CASE)
    assert "unexpected ValueError" in found["notes"][0]
    assert "ann@contoso.com" not in str(found)
    assert "row of ann@contoso.com" in caplog.text, "the log has it"


async def test_an_address_known_to_every_source(house: FakeHouse) -> None:
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["status"] == "complete"
    assert (found["outputs"]["geo_country"], found["outputs"]["asn"]) == ("NL", 64496)
    assert found["outputs"]["ip_reputation_score"] == 90


async def test_one_source_that_fails_is_named_and_the_other_answers(house: FakeHouse) -> None:
    other = FakeReputation("other", score=70)
    house.providers.reputation.append(other)
    house.reputation.failing["lookup"] = Throttled("slow down", vendor="source", status=429)
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["status"] == "partial"
    assert any(note.startswith("source: ") for note in found["notes"])
    assert found["outputs"]["ip_reputation_score"] == 70


async def test_when_every_source_fails_the_reputation_is_unknown(house: FakeHouse) -> None:
    house.reputation.failing["lookup"] = DOWN
    house.geo.failing["locate"] = DOWN
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert (found["status"], found["outputs"]["ip_reputation_score"]) == ("partial", "unknown")
    assert found["outputs"]["geo_country"] is None


async def test_sources_that_are_not_configured_are_said(house: FakeHouse) -> None:
    house.providers.reputation.clear()
    house.providers.geo = None
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["status"] == "partial"
    assert "no threat-intelligence source is configured" in found["notes"]
    assert "no location database is configured" in found["notes"]


def trust(house: FakeHouse, network: str) -> None:
    house.trusted.locations = [TrustedLocation(name="Office", networks=["10.0.0.0/8", network])]


async def test_an_address_in_a_trusted_named_location_is_said(house: FakeHouse) -> None:
    trust(house, "203.0.113.0/24")
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["status"] == "complete"
    place = found["details"]["trusted"]["place"]
    assert (place["name"], place["network"]) == ("Office", "203.0.113.0/24")
    trust(house, "198.51.100.0/24")
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["details"]["trusted"]["place"] is None


async def test_trusted_named_locations_that_cannot_be_read_are_unknown_and_noted(
    house: FakeHouse,
) -> None:
    house.trusted.failing["list_trusted"] = PermissionDenied(
        "denied", vendor="entra", operation="namedLocations.list", status=403
    )
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert (found["status"], found["details"]["trusted"]) == ("partial", None)
    [note] = [note for note in found["notes"] if note.startswith("trusted named locations: ")]
    assert "it needs Policy.Read.All" in note
    house.providers.trusted_networks = None
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["details"]["trusted"] is None


async def test_old_trusted_named_locations_count_and_their_age_is_said(house: FakeHouse) -> None:
    trust(house, "203.0.113.0/24")
    house.trusted.read_at = datetime.now(UTC) - timedelta(minutes=20)
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert found["details"]["trusted"]["place"]["name"] == "Office"
    assert any("not read since" in note for note in found["notes"])


async def test_trusted_named_locations_are_not_asked_against_the_policy(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(never_block={"trusted_named_locations": False})
    trust(house, "203.0.113.0/24")
    found = await block(check_address, BlockName.ADDRESS, address=ADDRESS)
    assert (found["status"], found["details"]["trusted"]) == ("complete", None)
    assert house.trusted.called("list_trusted") == 0


async def test_an_unreadable_sign_in_log_asks_for_a_review_by_hand(house: FakeHouse) -> None:
    house.sign_in_log.failing["get_sign_ins"] = DOWN
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=CASE)
    assert found["status"] == "partial"
    assert "by hand" in found["notes"][0]
    assert found["outputs"]["failed_logins_count"] is None, "not known is not zero"
    house.providers.sign_in_log = None
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=CASE)
    assert "TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID" in found["notes"][0]


async def test_a_sign_in_log_with_gaps_is_partial(house: FakeHouse) -> None:
    house.sign_in_log.result = SignInLogResult(
        events=[sign_in(ATTACK_AT)], incomplete=["SigninLogs: cut at 5000 rows"], rows=1
    )
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=CASE)
    assert found["status"] == "partial"
    assert "incomplete: SigninLogs: cut at 5000 rows" in found["notes"]
    assert found["details"]["complete"] is False


async def test_hunts_that_fail_or_are_cut_are_never_called_clean(house: FakeHouse) -> None:
    house.siem.answers = {
        "OfficeActivity": DOWN,
        "AuditLogs": QueryResult(partial=True, detail="limit reached"),
    }
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    hunts = load_hunts()
    assert found["status"] == "partial"
    failed = [hunt.id for hunt in hunts if "OfficeActivity" in hunt.query]
    cut = [hunt.id for hunt in hunts if "AuditLogs" in hunt.query and hunt.id not in failed]
    assert failed and cut
    incomplete = " ".join(found["outputs"]["incomplete_queries"])
    assert all(name in incomplete for name in (*failed, *cut))
    assert set(found["outputs"]["queries_run"]) == {hunt.id for hunt in hunts} - set(failed)


async def test_all_hunts_run(house: FakeHouse) -> None:
    found = await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert found["status"] == "complete"
    assert house.siem.called("run_query") == len(load_hunts())


async def test_a_hunt_gets_the_past_that_it_needs(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours: dict[str, float] = {}
    ask = house.siem.run_query

    async def record(
        query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        hours[query] = (end - start) / timedelta(hours=1)
        return await ask(query, parameters=parameters, start=start, end=end)

    monkeypatch.setattr(house.siem, "run_query", record)
    await block(analyse_activity, BlockName.ACTIVITY, case=CASE)
    assert hours == {hunt.query: max(72, hunt.look_back_hours) for hunt in load_hunts()}
    assert set(hours.values()) == {72, 168}


async def test_the_incidents_context(house: FakeHouse) -> None:
    house.siem.incident = {
        "properties": {
            "status": "Active",
            "owner": {"assignedTo": "kim"},
            "additionalData": {"alertsCount": 3, "commentsCount": 1},
        }
    }
    found = await call(get_case_context, case=CASE)
    assert found == {"status": "Active", "owner": "kim", "comments": 1, "alerts": 3}
    house.siem.failing["get_incident"] = DOWN
    assert "timed out" in (await call(get_case_context, case=CASE))["error"]
    manual = case_payload(incident={"source": "manual", "incident_id": "S-1", "title": "t"})
    assert await call(get_case_context, case=manual) == {}


@pytest.mark.parametrize(
    ("result", "held"),
    [
        (SignInLogResult(), True),
        (SignInLogResult(incomplete=["SigninLogs"]), None),
        (SignInLogResult(events=[sign_in(ATTACK_AT, address=ADDRESS)]), False),
        (SignInLogResult(events=[sign_in(ATTACK_AT, address="198.51.100.1")]), True),
        (SignInLogResult(events=[sign_in(ATTACK_AT, "50126", address=ADDRESS)]), True),
        (
            SignInLogResult(events=[sign_in(ATTACK_AT, address=ADDRESS)], incomplete=["x"]),
            False,
        ),
    ],
)
async def test_did_it_hold(house: FakeHouse, result: SignInLogResult, held: bool | None) -> None:
    house.sign_in_log.result = result
    found = await call(recheck_sign_ins, case=CASE, since="2026-11-20T12:00:00Z")
    assert found["held"] is held
    assert found["detail"]
