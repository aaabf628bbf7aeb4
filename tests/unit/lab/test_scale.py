"""The simulation: its clock, its queues, an hour of cases."""

import asyncio
import time
from dataclasses import replace

import pytest

from lab.scale.hour import play_hour
from lab.scale.models import CaseLoad, Situation
from lab.scale.simulated_time import now, run_simulated, sleep_until
from lab.scale.stations import Firewall, Queries, Station, Window

LOAD = CaseLoad(queries_to_decide=2, queries_after=1, turns=10, messages=1)


def test_an_hour_passes_at_once() -> None:
    async def wait() -> list[float]:
        await asyncio.gather(sleep_until(3600), asyncio.sleep(10))
        return [now()]

    began = time.monotonic()
    assert run_simulated(wait()) == [pytest.approx(3600)]
    assert time.monotonic() - began < 60


def test_who_waits_for_nobody_is_told() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="waits for somebody else"):
        run_simulated(wait())


def test_a_station_works_in_the_order_of_coming() -> None:
    station = Station(2)
    assert [station.work(0, 3) for _ in range(5)] == [3, 3, 6, 6, 9]
    assert station.work(20, 1) == 21
    assert station.busy(8) == 1
    assert station.busy(16) == 0.5


def test_a_window_opens_when_the_oldest_call_is_old_enough() -> None:
    window = Window(2, 10)
    for at in (0, 4):
        assert window.ready(at) == at
        window.take(at)
    assert window.ready(5) == 10
    assert window.ready(11) == 11


def test_queries_wait_for_one_another_up_to_a_patience() -> None:
    queries = Queries(1.0)
    assert queries.ask(0, 15, patience=30) == (15, 3.0)
    # Seven seconds are enough for twenty more, five at a time, after those three.
    assert queries.ask(0, 100, patience=7) == (20, 7.0)


def test_queries_are_limited_in_their_rate() -> None:
    queries = Queries(0.01)
    answered, _ = queries.ask(0, 250, patience=20)
    assert answered == 200
    assert queries.ask(31, 1, patience=20)[0] == 1


def test_no_more_queries_wait_than_may() -> None:
    queries = Queries(1.0)
    assert queries.ask(0, 1000, patience=1e6)[0] == 200


def test_addresses_that_wait_go_into_one_update() -> None:
    firewall = Firewall(180)
    assert firewall.block(0) == 180
    assert [firewall.block(at) for at in (1, 100, 179)] == [360, 360, 360]
    assert firewall.block(181) == 540
    assert firewall.block(1000) == 1180


def test_a_calm_hour_misses_nothing() -> None:
    row = play_hour(Situation("calm", 1000, 5), LOAD, 1)
    assert not any((row.hunts_missing, row.risk_missing, row.not_confirmed_at_once))
    assert row.refused_by_graph == 0
    assert LOAD.calls_to_contain * LOAD.vendor_seconds < row.contained_p50_s < 10


def test_the_same_seed_is_the_same_hour() -> None:
    situation = Situation("busy", 1000, 100, instances=2)
    assert play_hour(situation, LOAD, 1) == play_hour(situation, LOAD, 1)
    assert play_hour(situation, LOAD, 1) != play_hour(situation, LOAD, 2)


def test_one_instance_with_the_apps_own_lanes_is_never_refused_by_graph() -> None:
    row = play_hour(Situation("storm", 1000, 2000), LOAD, 1)
    assert row.refused_by_graph == 0
    assert row.risk_missing > row.not_confirmed_at_once, "who contains goes first"


@pytest.mark.parametrize("lag", [1.0, 20.0])
def test_looking_whether_it_is_confirmed_takes_no_turn_from_confirming(lag: float) -> None:
    slow = replace(LOAD, risk_lag_seconds=lag)
    row = play_hour(Situation("storm", 1000, 1000, instances=4), slow, 1)
    assert row.not_confirmed <= 0.002
    assert row.not_confirmed_at_once < 0.06
    assert row.refused_by_graph == 0


def test_without_lanes_graph_refuses() -> None:
    free = Situation("storm", 1000, 2000, risks_per_10_seconds=0, reports_per_10_seconds=0)
    assert play_hour(free, LOAD, 1).refused_by_graph > 100
