"""The result of a chaos run: figures of each round, the table for people, how to play it again."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab.chaos import command
from lab.chaos.collector import Collector
from lab.chaos.disturb import Done
from lab.chaos.results import SECRETS_KEPT, ChaosResult, RoundResult, judge, names, shown
from lab.chaos.table import line_of, show, text_of
from lab.errors import LabError
from lab.planted_secrets import Leak
from tests.unit.lab.chaos_world import RESET, START, well

AWAY = [(START, START + timedelta(seconds=4))]


def played(*, twice: bool) -> RoundResult:
    seen = well()
    if twice:
        seen = replace(seen, ledger=[*seen.ledger, RESET | {"seq": 9, "fault": "reset"}])
    return judge(seen, Done(kills=2, aimed_kills=1, storage_away=AWAY), 61.04)


def result(one: RoundResult, *leaks: Leak) -> ChaosResult:
    violations = [*one.violations, *shown(leaks)]
    counts = [found.invariant for found in violations]
    return ChaosResult(
        cases=1, seed=7, kills=3, faults=one.faults, violations=violations, rounds=[one],
        invariants={each: counts.count(each) for each in names()},
        measured_at="2026-11-22T12:00:00Z", cpus=2, load_before=0.5, seconds=70,
    )  # fmt: skip


def screen_of(found: ChaosResult) -> str:
    screen = io.StringIO()
    show(Console(file=screen, width=200), found, Path("chaos.json"))
    return screen.getvalue()


def test_a_round_is_counted() -> None:
    one = played(twice=False)
    assert (one.cases, one.kills, one.aimed_kills, one.effects) == (1, 2, 1, 4)
    assert one.storage_away_s == 4
    assert one.statuses == {"contained": 1}
    assert "all held" in line_of(one)


def test_a_violation_says_where_and_how_to_see_it_again() -> None:
    one = played(twice=True)
    [found] = one.violations
    assert (found.invariant, found.round, found.case) == ("no effect twice", 1, 1)
    assert (one.faults, one.requests) == (1, 5)
    text = screen_of(result(one))
    assert "1 violations" in line_of(one)
    assert "make chaos SEED=7 CASES=1 ROUND=1" in text
    assert found.detail in text


def test_every_invariant_is_in_the_table_and_in_the_file() -> None:
    found = result(played(twice=False))
    text = screen_of(found)
    written = json.loads(found.model_dump_json())
    assert {"cases", "seed", "kills", "faults", "violations"} <= set(written)
    for name in names():
        assert name in text
        assert written["invariants"][name] == 0
    assert "Again:" not in text


def test_a_secret_that_is_shown_is_a_violation_of_the_run() -> None:
    found = result(played(twice=False), Leak("a bearer token", "worker-0.log"))
    assert found.invariants[SECRETS_KEPT] == 1
    text = screen_of(found)
    assert "no secret is shown: the whole run: a bearer token in worker-0.log" in text
    assert "Again: make chaos SEED=7 CASES=1\n" in text


async def test_a_search_that_fails_or_finds_nothing_to_search_is_a_violation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> list[Leak]:
        raise LabError("found nothing to look at")

    monkeypatch.setattr(command, "find_leaks", fail)
    collector = Collector()
    lab: Any = None
    [found] = await command._search(lab, collector)
    assert "exported no traces and no metrics" in text_of(found)
    for kept in collector.kept.values():
        kept.extend(b"x")
    [found] = await command._search(lab, collector)
    assert found.invariant == SECRETS_KEPT and "found nothing to look at" in text_of(found)
