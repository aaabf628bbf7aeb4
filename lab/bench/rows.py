"""How fast rows go through the app: one account's sign-ins, a backtest, an export of evidence."""

import asyncio
import io
import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from lab.backtest.command import run_backtest
from lab.backtest.generate import generate
from lab.bench.export import export_in_lab
from lab.bench.numbers import median
from lab.bench.one_account import answer_to_query, one_account
from lab.bench.results import Rows, SignInRows
from lab.errors import LabError
from shared.models.base import Json
from shared.playbook.sign_ins.analysis import analyse_sign_ins
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.providers.sentinel.query_answer import read_answer

TABLE = "SigninLogs"
LOG_SIZES = (10, 100, 1_000, 10_000, 100_000)
ROW_BYTES = 1024
RUNS = 5
"""Times that each log is read; the median counts."""


async def measure_rows(folder: Path, *, backtest_rows: int, evidence_rows: int) -> Rows:
    """Measure sign-ins by the size of an account's log, backtest and evidence in rows a second.

    Args:
        folder: for the log that is judged and the lab that evidence is stored in.
        backtest_rows: rows of the log that is judged.
        evidence_rows: rows that are exported.

    Raises:
        LabError: the backtest or the export did not end as it has to.
    """
    sign_ins = await asyncio.to_thread(measure_sign_ins, LOG_SIZES)
    backtest = await asyncio.to_thread(_backtest, folder / "backtest", backtest_rows)
    evidence = await export_in_lab(evidence_rows, ROW_BYTES, folder / "evidence")
    return Rows(
        sign_ins=sign_ins,
        backtest_rows=backtest_rows,
        backtest_rows_per_s=backtest,
        evidence_rows=int(evidence["rows"]),
        evidence_rows_per_s=float(evidence["rows_per_s"]),
        evidence_peak_memory_mb=float(evidence["peak_memory_mb"]),
    )


def measure_sign_ins(sizes: Sequence[int]) -> dict[str, SignInRows]:
    """Return, by rows in one account's log, what reading and analysing its sign-ins costs.

    The app asks for the newest ``MOST_ROWS``: more are not read, whatever the log holds.
    """
    return {str(size): _sign_ins(size) for size in sizes}


def _sign_ins(size: int) -> SignInRows:
    answer = answer_to_query(one_account(size))
    runs = [_read_and_analyse(answer) for _ in range(RUNS)]
    return SignInRows(
        read=runs[0].rows, cpu_s=round(median([one.cpu_s for one in runs]), 4), runs=RUNS
    )


class _Run(NamedTuple):
    rows: int
    cpu_s: float


def _read_and_analyse(answer: str) -> _Run:
    began = time.process_time()
    rows = read_answer(json.loads(answer)).rows
    events, unreadable = read_tables({TABLE: rows})
    if sum(unreadable.values()):
        raise LabError(f"{sum(unreadable.values())} rows of a made log could not be read")
    now: datetime = events[-1].at + timedelta(minutes=1)
    analyse_sign_ins(events, addresses=[], successful_login_time=None, window_minutes=10, now=now)
    return _Run(len(rows), time.process_time() - began)


def _backtest(folder: Path, rows: int) -> float:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.jsonl"
    generate(log, rows)
    quiet = Console(file=io.StringIO())
    run_backtest(quiet, log, folder=folder, addresses=[], against=None, check=False)
    found: Json = json.loads((folder / "backtest.json").read_text(encoding="utf-8"))
    return float(found["rows_per_s"])
