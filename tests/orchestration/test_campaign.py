import threading
from collections.abc import Iterator
from itertools import count

import pytest

from shared.errors import RetryableError
from shared.models.base import Json
from tests.support.durable_backend import Engine, Run
from tests.support.inbox import Inbox
from tests.support.joining import OTHER_ADDRESS, judgements
from tests.support.neighbourhood import Neighbourhood, hit, name_of, neighbourhood
from tests.support.scripts import ADDRESS, NO_CAMPAIGN, default_scripts, fail


@pytest.fixture
def town(engine: Engine) -> Iterator[Neighbourhood]:
    with neighbourhood(engine) as found:
        yield found


def names(record: Json) -> list[str]:
    return [one["account"] for one in record["campaign"]]


def paged(run: Run) -> list[str]:
    return [one["why"] for one in run.called("notify_analysts") if one["phase"] == "campaign"]


def events(record: Json, words: str) -> list[str]:
    return [one["event"] for one in record["timeline"] if words in one["event"]]


def test_five_accounts_hit_by_one_address_are_linked_once(town: Neighbourhood) -> None:
    town.deliveries = 2
    runs = [town.attack() for _ in range(5)]
    town.close()
    records = [town.record(run) for run in runs]
    assert names(records[4]) == [name_of(number) for number in (1, 2, 3, 4)]
    assert names(records[0]) == [name_of(2), name_of(3)], "told at one other and at two"
    assert names(records[1]) == [name_of(1), name_of(3)]
    assert [record["campaign_count"] for record in records] == [2, 2, 2, 3, 4]
    told = [town.notes(run, "comment_incident") for run in runs]
    assert told == [2, 1, 0, 0, 0], "who comes later finds, who came earlier is told"
    assert [town.notes(run) for run in runs] == [2, 2, 1, 1, 1], "every ticket says it"
    assert events(records[0], "other account") == [
        f"1 other account was hit from {ADDRESS}: {name_of(2)}",
        f"2 other accounts were hit from {ADDRESS}: {name_of(2)}, {name_of(3)}",
    ]
    assert any("look at them together" in step for step in records[4]["next_steps"])
    words = f"2 other accounts were hit from {ADDRESS}: {name_of(1)}, {name_of(2)}"
    pages = [paged(run) for run in runs]
    assert pages == [[], [], [words], [], []], "the SOC is told once, by the third"
    assert [len(events(record, "SOC told")) for record in records] == [0, 0, 1, 0, 0]


def test_an_incident_that_joins_with_an_address_that_hit_others_is_linked(
    town: Neighbourhood,
) -> None:
    """Nothing else changes by it: no more to do, nobody asked."""
    first = town.attack()
    inbox = Inbox()
    town.address = OTHER_ADDRESS
    scripts = town.scripts(2)
    judged = scripts["decide_response"]({})
    joined = judged | {"campaign_address": ADDRESS}
    second = town.attack(decide_response=judgements(judged, joined), **inbox.scripts())
    assert names(town.record(second)) == []
    for number in (7, 8):
        noted = second.called("comment_incident")
        second.tell("Joined", inbox.put(number))
        second.wait_for_call("comment_incident", count=len(noted) + 1)
    second.wait(f"{second.case_id}:campaign:2")
    town.close()
    assert names(town.record(second)) == [name_of(1)]
    assert names(town.record(first)) == [name_of(2)]
    assert town.notes(second) == town.notes(first) == 1, "a note in both tickets"
    assert len(second.called("find_campaign")) == 2, "each address once"
    assert len(events(town.record(second), "nothing more is done")) == 2
    assert len(second.called("revoke_sessions")) == 1


@pytest.mark.parametrize(
    ("confidence", "address"), [("Low", ADDRESS), ("High", None)], ids=["unlikely", "shared"]
)
def test_what_is_no_attack_or_comes_from_a_shared_address_links_nobody(
    town: Neighbourhood, confidence: str, address: str | None
) -> None:
    town.confidence, town.address = confidence, address
    runs = [town.attack() for _ in range(3)]
    town.close()
    assert not [call for run in runs for call in run.called("find_campaign")]
    assert not any(town.record(run)["campaign"] for run in runs)


def test_a_closed_case_hears_of_nothing(town: Neighbourhood) -> None:
    first = town.attack()
    first.tell("Closed", {"by": "kim", "comment": "done"})
    first.wait()
    second = town.attack()
    town.close()
    assert names(town.record(second)) == [name_of(1)]
    assert town.record(first)["campaign"] == [] and town.notes(first) == 0


def test_without_the_store_the_case_goes_on_and_says_what_is_missing(town: Neighbourhood) -> None:
    town.house.campaigns.failing["put_hit"] = RetryableError("storage is away", vendor="blob")
    run = town.attack()
    town.close()
    record = town.record(run)
    [event] = events(record, "could not be looked for")
    assert event.startswith(f"other accounts hit from {ADDRESS}") and "storage is away" in event
    assert len(run.called("force_password_reset")) == 1 and record["status"] == "closed"


def test_containment_does_not_wait_for_it(town: Neighbourhood) -> None:
    contained = threading.Event()

    def slow(_payload: Json) -> Json:
        town.runs[-1].wait_for_call("verify_account")
        contained.set()
        return NO_CAMPAIGN

    run = town.attack(find_campaign=slow)
    assert contained.is_set() and len(run.called("force_password_reset")) == 1


@pytest.mark.parametrize(("there_at", "notes"), [(1, 1), (3, 1), (9, 0)])
def test_a_ticket_is_noted_once_it_is_there_and_never_made(
    engine: Engine, there_at: int, notes: int
) -> None:
    looks = count(1)

    def claim(_payload: Json) -> Json:
        return {"tell": True, "has_ticket": next(looks) >= there_at}

    one = {"count": 1, "cases": [], "milestone": 1, "tell": [], "page": False}
    scripts = {"find_campaign": lambda _payload: one, "claim_campaign_note": claim}
    run = engine.case(default_scripts() | scripts)
    run.start("link_campaign", hit(1))
    assert run.output(dict) == {"count": 1, "told": 0}
    assert [call["phase"] for call in run.called("open_ticket")] == ["campaign"] * notes


def test_who_could_not_be_told_is_said(engine: Engine) -> None:
    other = engine.case(default_scripts() | {"claim_campaign_note": fail("storage is away")})
    one = {"count": 3, "cases": [], "milestone": 2, "tell": [other.case_id], "page": True}
    scripts = {
        "find_campaign": lambda _payload: one,
        "claim_campaign_note": fail("storage is away"),
        "notify_analysts": fail("no channel answers"),
    }
    run = engine.case(default_scripts() | scripts)
    run.start("link_campaign", hit(1))
    assert run.output(dict) == {"count": 3, "told": 0}
    last = run.called("save_case")[-1]["patch"]["timeline"]
    assert [entry["event"] for entry in last] == [
        "SOC NOT told of several accounts hit from one address: "
        "NOBODY on any channel; NOT told by all: no channel answers",
        "1 of the other accounts' cases could not be told",
    ]


@pytest.mark.parametrize("slack", ["timed out", "sent"])
def test_a_channel_that_failed_has_not_told_the_soc(engine: Engine, slack: str) -> None:
    one = {"count": 1, "cases": [], "milestone": 1, "tell": [], "page": True}
    scripts = {
        "find_campaign": lambda _payload: one,
        "claim_campaign_note": lambda _payload: {"tell": True, "has_ticket": True},
        "notify_analysts": lambda _payload: {"channels": {"email": "HTTP 500", "slack": slack}},
        "open_ticket": lambda _payload: {"ticket_id": "INC1", "missing": {"jira": "HTTP 403"}},
    }
    run = engine.case(default_scripts() | scripts)
    run.start("link_campaign", hit(1))
    run.wait()
    patches = [one["patch"] for one in run.called("save_case")]
    said = [entry["event"] for patch in patches for entry in patch.get("timeline", [])]
    assert (
        said[-1]
        == {
            "sent": "SOC told of several accounts hit from one address: "
            "slack; NOT told by email: HTTP 500",
            "timed out": "SOC NOT told of several accounts hit from one address: "
            "NOBODY on any channel; NOT told by email: HTTP 500, slack: timed out",
        }[slack]
    )
    [lost] = [one for one in said if "do NOT say" in one]
    assert lost.startswith("1 tickets do NOT say") and lost.endswith("jira: HTTP 403")


def test_a_storm_in_one_instant_leaves_nobody_out_and_tells_the_soc_once(
    town: Neighbourhood,
) -> None:
    town.storm(12)
    records = [town.record(run) for run in town.runs]
    assert all(record["campaign_count"] >= 10 for record in records), "the last milestone"
    assert max(record["campaign_count"] for record in records) == 11
    assert len([why for run in town.runs for why in paged(run)]) == 1
    notes = [len(events(record, "were hit") + events(record, "was hit")) for record in records]
    assert max(notes) <= 5, "its own, and one for each of 1, 2, 5 and 10 others"
