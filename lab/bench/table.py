"""The result as people read it in a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.bench.measure import SLOW_SOURCE, SLOW_SOURCE_SECONDS
from lab.bench.results import BenchResult, CaseCost, Hundred, Latency
from lab.console.terminal import format_size


def show(console: Console, result: BenchResult, path: Path) -> None:
    """Print latency by number of cases, then one line for each other measurement."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    names = ("at once", "contained p50", "p95", "verdict to contained p50", "floor", "as sent")
    for name in (*names, "handed over p50"):
        table.add_column(name, justify="right")
    at_0 = {f"{at_once}, vendors at 0 s": one for at_once, one in result.latency_at_0.items()}
    latencies = result.latency | at_0
    for at_once, one in latencies.items():
        floors = (one.after_verdict_floor_s, one.after_verdict_floor_as_sent_s)
        times = (one.p50_s, one.p95_s, one.after_verdict_p50_s, *floors, one.hand_over_p50_s)
        table.add_row(at_once, *(f"{seconds:.2f} s" for seconds in times))
    console.print()
    console.print(table)
    console.print()
    console.print(_floors(latencies))
    console.print()
    console.print(_others(result))
    console.print()
    console.print(cost_table(result.cost))
    console.print(
        f"\nTook {result.seconds:.0f} s on {result.cpus} CPUs, load before {result.load_before:g};"
        f" vendors of the first table took {_latencies(result.vendor_latency_s)}",
        soft_wrap=True,
    )
    if result.stalled:
        console.print(f"STALLED {result.stalled}", style="bold red", soft_wrap=True, markup=False)
    console.print(str(path), soft_wrap=True)


def _floors(latencies: Mapping[str, Latency]) -> Table:
    """Return what the calls take without the app, and how many times that the cases took."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("at once", "floor", "p50 is", "floor as sent", "p50 is", "one by one", "p50 is"):
        table.add_column(name, justify="right")
    for at_once, one in latencies.items():
        pairs = (
            (one.floor_p50_s, one.ratio),
            (one.floor_as_sent_p50_s, one.ratio_as_sent),
            (one.sequential_p50_s, one.ratio_sequential),
        )
        cells = (text for spent, times in pairs for text in (f"{spent:.2f} s", f"{times:.2f} x"))
        table.add_row(at_once, *cells)
    return table


def _latencies(by_vendor: Mapping[str, float]) -> str:
    vendors: dict[float, list[str]] = {}
    for name, seconds in by_vendor.items():
        vendors.setdefault(seconds, []).append("others" if name == "*" else name)
    return "; ".join(f"{seconds:g} s: {', '.join(names)}" for seconds, names in vendors.items())


def _first_and_last(hundreds: Sequence[Hundred]) -> list[Hundred]:
    """Return the first whole hundred and the last; the very first are few."""
    return [hundreds[1], hundreds[-1]] if len(hundreds) > 2 else []


def _hundred(one: Hundred) -> str:
    parts = one.per_case.model_dump().items()
    spent = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in parts)
    speed = f"{one.cases_per_s:.2f} a second; {spent} per case; {one.memory_mb:.0f} MB"
    return f"up to case {one.cases}: {speed}"


def _others(result: BenchResult) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    slow = result.slow_source
    acted = f"password and sessions p50 {slow.acted_p50_s:.2f} s, verified {slow.p50_s:.2f} s"
    table.add_row("slow source", f"{SLOW_SOURCE} takes {SLOW_SOURCE_SECONDS:g} s: {acted}")
    for cases, one in result.growth.items():
        cost = f"{one.cpu_s:.1f} s of worker CPU, {one.cpu_per_case_s * 1000:.0f} ms per case"
        if one.peak_memory_mb is not None:
            cost += f", workers' peak {one.peak_memory_mb:.0f} MB"
        if one.memory_kb_per_case is not None:
            cost += f", {one.memory_kb_per_case:.0f} kB more per case"
        if one.history is not None:
            cost += f", history {one.history.events} events"
        table.add_row(f"{cases} cases", cost)
        if one.lab_per_case is not None:
            lab = one.lab_per_case.model_dump(exclude={"workers"})
            parts = (f"{name} {spent * 1000:.0f} ms" for name, spent in lab.items())
            table.add_row("", f"the lab beside them: {', '.join(parts)} per case")
    table.add_row("throughput", f"{result.throughput_per_s:.2f} cases per second")
    for hundred in _first_and_last(result.growth_by_hundred):
        table.add_row("", _hundred(hundred))
    history = result.history
    table.add_row(
        "history",
        f"{history.events} events, {format_size(history.bytes)}, {history.replays} replays"
        f" in {history.instances} instances, median of {history.cases} when handed over",
    )
    start = result.cold_start
    for name, app, empty, ratio in (
        ("cold start", start.app_s, start.empty_app_s, start.ratio),
        ("to first case", start.app_first_case_s, start.empty_first_case_s, start.first_case_ratio),
    ):
        cold = f"{app:.2f} s; an empty durable app {empty:.2f} s, {ratio:.2f} times"
        table.add_row(name, cold)
    _add_imports_and_rows(table, result)
    scoring = result.scoring
    table.add_row("scoring", f"p50 {scoring.p50_ms:.2f} ms, p95 {scoring.p95_ms:.2f} ms")
    return table


def _add_imports_and_rows(table: Table, result: BenchResult) -> None:
    for name, one in result.imports.items():
        most = ", ".join(f"{package} {spent:.0f}" for package, spent in one.packages_ms.items())
        table.add_row(f"imports of {name}", f"{one.total_ms:.0f} ms, {one.modules} modules: {most}")
    rows = result.rows
    for size, read in rows.sign_ins.items():
        line = f"{read.cpu_s * 1000:.0f} ms of CPU, {read.read:,} rows read"
        table.add_row(f"{int(size):,} sign-ins", line)
    table.add_row("backtest", f"{rows.backtest_rows_per_s:,.0f} rows per second")
    evidence = f"{rows.evidence_rows_per_s:,.0f} rows per second"
    table.add_row("evidence", f"{evidence}, peak {rows.evidence_peak_memory_mb:.0f} MB")


def cost_table(cost: CaseCost) -> Table:
    """Return what one case used, a line for each thing that is paid for."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_row("executions", _counts(cost.executions))
    for memory, one in cost.gb_seconds.items():
        billed = f"{one.together:g} on one instance, {one.apart:g} at most"
        table.add_row(f"GB-s of {memory} MB", billed)
    table.add_row("task hub", f"{_counts(cost.hub_storage.model_dump())} (reckoned)")
    table.add_row("or scheduler", f"{cost.scheduler_actions} actions (reckoned)")
    for container, operations in cost.blob_operations.items():
        table.add_row(f"blobs of {container}", _counts(operations.model_dump()))
    table.add_row("vendor calls", _counts(cost.vendor_calls))
    table.add_row("telemetry", f"{cost.measurements} measurements")
    return table


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)
