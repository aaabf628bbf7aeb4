"""The result as people read it in a terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.chaos.results import ChaosResult, RoundResult, Violation
from lab.console.terminal import format_seconds


def line_of(one: RoundResult) -> str:
    """Return a round in one line."""
    said = f"{len(one.violations)} violations" if one.violations else "all held"
    return (
        f"  round {one.number}: {one.cases} cases, {one.deliveries} deliveries,"
        f" {one.kills + one.aimed_kills} kills, {one.faults} faults, {said},"
        f" {format_seconds(one.seconds)}"
    )


def text_of(one: Violation) -> str:
    """Return a violation in one line."""
    where = f"round {one.round}" if one.round else "the whole run"
    about = f", case {one.case} ({one.case_id})" if one.case else ""
    return f"{one.invariant}: {where}{about}: {one.detail}"


def show(console: Console, result: ChaosResult, path: Path) -> None:
    """Print what was done to the app, each invariant with its violations, and each violation."""
    rounds = result.rounds
    done = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    done.add_column(justify="right", style="bold")
    done.add_row(str(result.cases), f"cases, seed {result.seed}")
    done.add_row(str(sum(one.deliveries for one in rounds)), "deliveries accepted")
    done.add_row(str(sum(one.kills for one in rounds)), "workers killed at planned moments")
    done.add_row(str(sum(one.aimed_kills for one in rounds)), "workers killed within a change")
    done.add_row(str(sum(one.pauses for one in rounds)), "workers stopped for a while")
    done.add_row(str(result.faults), f"of {sum(o.requests for o in rounds)} requests met a fault")
    done.add_row(f"{sum(o.storage_away_s for o in rounds):.0f} s", "without Blob storage")
    done.add_row(str(sum(o.unclaimed for o in rounds)), "actions tried without a claim")
    done.add_row(f"{sum(o.hub_away_s for o in rounds):.0f} s", "without the task hub")
    done.add_row(str(sum(one.effects for one in rounds)), "changes made at vendors")
    held = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    held.add_column("invariant")
    held.add_column("violations", justify="right")
    for name, count in result.invariants.items():
        held.add_row(name, str(count), style="red" if count else "")
    console.print()
    console.print(done)
    console.print()
    console.print(held)
    for one in result.violations:
        console.print(text_of(one), style="red", soft_wrap=True, markup=False)
    if result.violations:
        numbers = sorted({one.round for one in result.violations if one.round})
        again = ", ".join(f" ROUND={n}" for n in numbers)
        console.print(f"Again: make chaos SEED={result.seed} CASES={result.cases}{again}")
    console.print(
        f"\nTook {format_seconds(result.seconds)} on {result.cpus} CPUs,"
        f" load before {result.load_before:g}",
        soft_wrap=True,
    )
    console.print(str(path), soft_wrap=True)
