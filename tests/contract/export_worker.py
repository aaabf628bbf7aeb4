"""A process that exports to the store of the environment, and hangs in the middle for ever.

``python -m tests.contract.export_worker CONTAINER first|late``: a test kills it with SIGKILL.
"""

import asyncio
import sys
from datetime import datetime, timedelta

from activities.evidence import stored
from activities.evidence_export import TableExport
from activities.evidence_late import LatePass, first_parts
from lab.bench.big_log import START, BigLog
from shared.models.base import Json
from shared.models.message import EvidenceItem
from shared.models.query import QueryResult
from shared.playbook.acting.exports import EXPORTS
from shared.providers.blob import BlobEvidenceStore
from shared.settings import get_settings

CASE_ID = "case-1"
ROWS = 400
NOW = START + timedelta(hours=72)
END = NOW + timedelta(hours=8)
HANGS_AFTER = 20
"""Answers of the log before it gives none any more: some parts are made by then."""
SIGN_INS = next(export for export in EXPORTS if export.table == "SigninLogs")
_PAGE, _PART = 10, 35


class HalfLog(BigLog):
    """The log before the others came: every second row, all but the last hours."""

    def __init__(self) -> None:
        super().__init__(ROWS // 2, lambda n: (END - START) * 2 * n / ROWS)

    def row(self, n: int) -> Json:
        """Return one row, with the number that it has among all."""
        return super().row(n) | {"Id": 2 * n}


class Hanging:
    """A log that stops answering."""

    def __init__(self, log: BigLog) -> None:
        self._log = log

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Answer like the log, or never."""
        if len(self._log.asked) >= HANGS_AFTER:
            await asyncio.Event().wait()
        return await self._log.run_query(query, parameters=parameters, start=start, end=end)


def whole_log() -> BigLog:
    """Return the log when everything has come."""
    return BigLog(ROWS, lambda n: (END - START) * n / ROWS)


async def export(store: BlobEvidenceStore, log: object, *, late: bool) -> list[EvidenceItem]:
    """Export what the store does not have yet; return all parts of the pass."""
    found = await stored(store, CASE_ID)
    sizes = {"page_rows": _PAGE, "part_rows": _PART}
    if not late:
        first = TableExport(log, store, CASE_ID, SIGN_INS, {}, START, NOW, **sizes)  # type: ignore[arg-type]
        return await first.run(found)
    known = first_parts(SIGN_INS, found, 1)
    second = LatePass(
        log,  # type: ignore[arg-type] # asked for nothing but rows
        store,
        CASE_ID,
        SIGN_INS,
        {},
        START,
        END,
        folder="late/",
        since=NOW,
        known=known,
        **sizes,
    )
    return await second.run(found)


async def _main(container: str, which: str) -> None:
    settings = get_settings().model_copy(update={"evidence_container": container})
    log = whole_log() if which == "late" else HalfLog()
    await export(BlobEvidenceStore(settings), Hanging(log), late=which == "late")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
