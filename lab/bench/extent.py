"""How much the bench measures."""

from dataclasses import dataclass

FIRST_TIMED = 10
"""Number of the first account whose time counts; those before it warm the workers up."""


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    single_cases: int
    slow_cases: int
    rounds_of_20: int
    floor_runs: int
    growth: tuple[int, ...]
    starts: int
    scorings: int
    backtest_rows: int
    evidence_rows: int


FULL = Extent(
    single_cases=20,
    slow_cases=8,
    rounds_of_20=3,
    floor_runs=10,
    growth=(10, 100, 1000),
    starts=5,
    scorings=2000,
    backtest_rows=50_000,
    evidence_rows=200_000,
)
QUICK = Extent(
    single_cases=4,
    slow_cases=2,
    rounds_of_20=1,
    floor_runs=3,
    growth=(10, 100),
    starts=3,
    scorings=500,
    backtest_rows=10_000,
    evidence_rows=100_000,
)
