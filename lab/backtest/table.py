"""The result as people read it in a terminal."""

from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lab.backtest.page import percent
from lab.backtest.results import ANSWERS, BacktestResult, FileResult

_SHOWN = 10
_COLUMNS = ("rows", "sign-ins", "accounts", "found", "High", "Med.", "Low", "unread.")


def show(console: Console, result: BacktestResult, folder: Path) -> None:
    """Print a line per file with sign-ins, then what is right, what is wrong, what changed."""
    _show_files(console, result.files)
    for line in result.skipped:
        console.print(f"[yellow]{escape(line)}[/]")
    _show_truth(console, result)
    _show_checks(console, result)
    if result.compared:
        changed = result.compared.changes_in_all
        console.print(
            f"Against ruleset {result.compared.ruleset}: precision "
            f"{percent(result.compared.precision)}, recall {percent(result.compared.recall)}; "
            f"{changed} accounts changed"
        )
        for change in result.compared.changes[:_SHOWN]:
            console.print(
                escape(
                    f"  {change.file} {change.account}: {change.before} {change.score_before} -> "
                    f"{change.after} {change.score_after}"
                )
            )
    console.print(
        f"{result.rows:,} rows, {result.rows_per_s:,.0f} rows per second, "
        f"ruleset {result.ruleset}\n{folder / 'backtest.json'}\n{folder / 'backtest.html'}",
        soft_wrap=True,
    )


def _show_files(console: Console, files: list[FileResult]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("file", overflow="fold")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    quiet = 0
    for file in files:
        if not file.sign_ins and not file.unreadable:
            quiet += 1
            continue
        found = sum(len(accounts) for accounts in file.detections.values())
        table.add_row(
            escape(PurePosixPath(file.file).name),
            *(f"{number:,}" for number in (file.rows, file.sign_ins, file.accounts, found)),
            *(f"{file.counts[answer]:,}" for answer in ANSWERS[:3]),
            f"{file.unreadable:,}",
        )
    console.print(table)
    if quiet:
        console.print(f"{quiet} more files have no sign-ins of people")


def _show_truth(console: Console, result: BacktestResult) -> None:
    if not any(file.expected for file in result.files):
        console.print("No labels fit these files: nothing is said about right and wrong")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what it was")
    for answer in ANSWERS:
        table.add_column(answer, justify="right")
    rows = {"compromised": result.confusion.compromised, "benign": result.confusion.benign}
    for name, answers in rows.items():
        table.add_row(name, *(f"{answers.get(answer, 0):,}" for answer in ANSWERS))
    console.print(table)
    console.print(
        f"Told (High or Medium): precision {percent(result.precision)}, recall "
        f"{percent(result.recall)}. Acted alone (High): precision "
        f"{percent(result.precision_high)}, recall {percent(result.recall_high)}"
    )


def _show_checks(console: Console, result: BacktestResult) -> None:
    checks = [(file.file, one) for file in result.files for one in file.checks]
    bad = [(file, one) for file, one in checks if one.missed or one.unexpected]
    if checks:
        console.print(f"Detections that are known: {len(checks) - len(bad)} of {len(checks)} right")
    for file, one in bad:
        missed = f" missed {', '.join(one.missed)}" if one.missed else ""
        extra = f" found {', '.join(one.unexpected)}" if one.unexpected else ""
        console.print(f"[red]  {escape(file)} {one.detection}:{escape(missed + extra)}[/]")
