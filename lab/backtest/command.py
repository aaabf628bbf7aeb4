"""``python -m lab backtest``: every log file of a path, a table, JSON and a page."""

import shutil
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from lab.backtest.addresses import AddressBook
from lab.backtest.compare import ComparisonError, compare, load_result
from lab.backtest.labels import LabelError, LabelSet, load_labels
from lab.backtest.metrics import count, histogram, is_wrong, precision_and_recall_of_high, share
from lab.backtest.page import render
from lab.backtest.results import BacktestResult, Comparison, FileResult, Judged
from lab.backtest.run import FileRun, run_file
from lab.backtest.sources import LogFile, find_files
from lab.backtest.table import show
from lab.console.terminal import is_live
from lab.errors import LabError
from shared.playbook.confidence.ruleset import load_ruleset

MOST_WRONG = 200
"""Wrong answers kept with their reasons."""


def run_backtest(
    console: Console,
    data: Path,
    *,
    folder: Path,
    addresses: list[Path],
    against: Path | None,
    check: bool,
) -> int:
    """Run the backtest and return the exit status.

    Args:
        console: where the table goes.
        data: a log file or a folder of them.
        folder: where ``backtest.json``, ``backtest.html`` and ``backtest.previous.json`` go.
        addresses: files that tell of addresses, for all log files.
        against: an earlier result to compare with; without it the last one of the folder.
        check: whether the status is 1 when a detection does not find what labels say.

    Raises:
        LabError: there is nothing to read, or a given file is wrong.
    """
    files = find_files(data) if data.exists() else []
    if not files:
        raise LabError(f"no log files at {data} (known: .csv, .json, .jsonl, .log, .yml, and .gz)")
    try:
        before = _previous(folder, against)
        started = time.monotonic()
        runs, skipped = _run_all(console, files, addresses)
    except (LabelError, ComparisonError, ValueError) as error:
        raise LabError(str(error)) from error
    result = _result(data, runs, skipped, time.monotonic() - started, before)
    _write(folder, result, keep_previous=against is None)
    show(console, result, folder)
    failed = any(one.missed or one.unexpected for file in result.files for one in file.checks)
    return 1 if check and failed else 0


def _previous(folder: Path, against: Path | None) -> BacktestResult | None:
    """Return what to compare with; a last result of another version of the lab is no loss."""
    if against is not None:
        return load_result(against)
    try:
        return load_result(folder / "backtest.json")
    except ComparisonError:
        return None


def _run_all(
    console: Console, files: list[LogFile], addresses: list[Path]
) -> tuple[list[FileRun], list[str]]:
    runs: list[FileRun] = []
    skipped: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not is_live(console)) as bar,
        tempfile.TemporaryDirectory(prefix="backtest-") as workplace,
    ):
        task = bar.add_task("")

        def progress(doing: str, done: int, total: int) -> None:
            bar.update(task, description=f"{doing} {name}", completed=done, total=total)

        for file in files:
            name = file.name
            labels = load_labels(file.path)
            book = AddressBook([*addresses, *_beside(file, labels)])
            try:
                runs.append(run_file(file, labels, book, Path(workplace), progress))
            except (OSError, EOFError) as error:
                skipped.append(f"{file.name} could not be read: {error}")
    return runs, skipped


def _beside(file: LogFile, labels: LabelSet | None) -> list[Path]:
    paths = [file.path.parent / name for name in (labels.addresses if labels else [])]
    return [path for path in paths if path.is_file()]


def _result(
    data: Path,
    runs: list[FileRun],
    skipped: list[str],
    seconds: float,
    before: BacktestResult | None,
) -> BacktestResult:
    files = [run.result for run in runs]
    judged = [one for run in runs for one in run.judged]
    confusion = count(judged)
    precision_high, recall_high = precision_and_recall_of_high(confusion)
    wrong = sorted((one for one in judged if is_wrong(one)), key=_importance)
    rows = sum(file.rows for file in files)
    return BacktestResult(
        ruleset=load_ruleset().version,
        data=data.name,
        files=files,
        skipped=skipped,
        confusion=confusion,
        precision=share(confusion.true_positive, confusion.false_positive),
        recall=share(confusion.true_positive, confusion.false_negative),
        precision_high=precision_high,
        recall_high=recall_high,
        rows=rows,
        rows_per_s=round(rows / max(seconds, 1e-3), 1),
        histogram=histogram(judged, files),
        wrong=wrong[:MOST_WRONG],
        wrong_in_all=len(wrong),
        compared=_compared(before, files),
    )


def _compared(before: BacktestResult | None, files: list[FileResult]) -> Comparison | None:
    """Compare only with a run that had a file in common."""
    known = {file.file for file in before.files} if before else set()
    return compare(before, files) if before and any(file.file in known for file in files) else None


def _importance(one: Judged) -> tuple[bool, int, str, str]:
    return (not one.counts, -one.evidence_score, one.file, one.account)


def _write(folder: Path, result: BacktestResult, *, keep_previous: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "backtest.json"
    if keep_previous and path.is_file():
        shutil.copyfile(path, folder / "backtest.previous.json")
    path.write_text(result.model_dump_json(indent=1), encoding="utf-8")
    (folder / "backtest.html").write_text(render(result), encoding="utf-8")
