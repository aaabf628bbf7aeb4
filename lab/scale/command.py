"""``python -m lab scale``: what an hour of two tenants comes to, calm and under attack."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.bench.results import CaseCost
from lab.environment import repository_root
from lab.scale.hour import play_hour
from lab.scale.models import CaseLoad, Row, ScaleResult, Situation

SEED = 1
MEASURED = Path("docs") / "measured" / "case-cost.json"
HUNTS = Path("shared") / "playbook" / "hunts"

SMALL, LARGE = 10_000, 1_000_000
_BUSIEST_HOUR = 4 / 24
"""Of a day's incidents: four times the mean."""


def _calm(users: int) -> int:
    """One incident a day for 1,000 users."""
    return max(1, round(users / 1000 * _BUSIEST_HOUR))


def _storm(users: int) -> int:
    """One account of 500 hit within the hour."""
    return users // 500


SITUATIONS = (
    Situation("small, busiest hour", SMALL, _calm(SMALL)),
    Situation("small, storm", SMALL, _storm(SMALL)),
    Situation("large, busiest hour", LARGE, _calm(LARGE)),
    Situation("large, storm", LARGE, _storm(LARGE), instances=4),
    Situation(
        "large, storm, each alone",
        LARGE,
        _storm(LARGE),
        instances=4,
        shares_turns=False,
    ),
    Situation(
        "large, storm, ten apps",
        LARGE,
        _storm(LARGE),
        apps=10,
        risks_per_10_seconds=1,
    ),
)


def case_load(root: Path) -> CaseLoad:
    """Return what a case asks for, by the committed measurement."""
    cost = CaseCost.model_validate_json((root / MEASURED).read_text("utf-8"))
    hunts = len(list((root / HUNTS).glob("*.kql")))
    return CaseLoad(
        queries_to_decide=hunts,
        queries_after=cost.log_queries - hunts,
        turns=cost.executions["orchestrator"] + cost.executions["entity"],
        messages=cost.vendor_calls["slack"],
    )


def simulate(seed: int) -> ScaleResult:
    """Simulate every situation."""
    load = case_load(repository_root())
    return ScaleResult(seed=seed, rows=[play_hour(one, load, seed) for one in SITUATIONS])


def run_scale(console: Console, folder: Path, *, seed: int) -> int:
    """Simulate, print the table and write ``scale.json``; return 0."""
    result = simulate(seed)
    path = folder / "scale.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    # A situation is a column: there are more figures than situations.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for line in zip(HEADINGS, *map(cells, result.rows), strict=True):
        if table.columns:
            table.add_row(*line)
            continue
        for name in line:
            table.add_column(name, justify="right" if table.columns else "left")
    console.print(table)
    console.print(str(path), soft_wrap=True)
    return 0


HEADINGS = (
    "The hour",
    "Cases",
    "Contained p50, p95",
    "Hunts unanswered",
    "Risk not read",
    "Not confirmed at once",
    "Not confirmed",
    "429 by Graph",
    "Blocked p95",
    "Slack behind p95",
    "Busiest partition",
    "CPU",
)


def cells(row: Row) -> list[str]:
    """Return a row as the table and docs/scale.md have it."""
    return [
        row.name,
        f"{row.cases:,}",
        f"{_time(row.contained_p50_s)}, {_time(row.contained_p95_s)}",
        *(f"{share:.0%}" for share in (row.hunts_missing, row.risk_missing)),
        *(f"{share:.0%}" for share in (row.not_confirmed_at_once, row.not_confirmed)),
        f"{row.refused_by_graph:,}",
        _time(row.blocked_p95_s),
        _time(row.told_p95_s),
        *(f"{share:.0%}" for share in (row.hub_busy, row.cpu_busy)),
    ]


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
