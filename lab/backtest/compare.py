"""The difference between two results: what a change of weights or rules does."""

from pathlib import Path

from pydantic import ValidationError

from lab.backtest.results import NO_CASE, BacktestResult, Change, Comparison, FileResult

MOST_CHANGES = 500


class ComparisonError(Exception):
    """The file is no result of a backtest."""


def load_result(path: Path) -> BacktestResult:
    """Return an earlier result.

    Raises:
        ComparisonError: there is no such file, or it is of another version or kind.
    """
    try:
        return BacktestResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ComparisonError(f"{path} is not a result of a backtest: {error}") from error


def compare(before: BacktestResult, files: list[FileResult]) -> Comparison:
    """Return what changed for accounts of files that both results have."""
    known = {file.file: file for file in before.files}
    changes = [
        change
        for file in files
        if file.file in known
        for change in _of_file(known[file.file], file)
    ]
    return Comparison(
        ruleset=before.ruleset,
        precision=before.precision,
        recall=before.recall,
        changes=changes[:MOST_CHANGES],
        changes_in_all=len(changes),
    )


def _of_file(before: FileResult, after: FileResult) -> list[Change]:
    changes = []
    for account in sorted({*before.scores, *after.scores}):
        old = before.verdicts.get(account), before.scores.get(account)
        new = after.verdicts.get(account), after.scores.get(account)
        if old != new:
            changes.append(
                Change(
                    file=after.file,
                    account=account,
                    before=old[0] or NO_CASE,
                    after=new[0] or NO_CASE,
                    score_before=old[1],
                    score_after=new[1],
                )
            )
    return changes
