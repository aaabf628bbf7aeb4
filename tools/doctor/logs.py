"""Which of the tables that hunts and sign-in analysis need the workspace has, and has rows in."""

import asyncio
from datetime import UTC, datetime, timedelta

from shared.bootstrap import Providers
from shared.errors import PermanentError, PermissionDenied, TourniquetError
from shared.models.check import Checked, CheckStatus
from shared.playbook.hunts import load_hunts
from shared.settings import Settings

AREA = "Log tables"
QUERIES_AT_ONCE = 5
"""Log Analytics answers at most 5 queries of one caller at a time."""
SIGN_IN_TABLES = ("SigninLogs", "AADNonInteractiveUserSignInLogs")
SIGN_INS = "sign-in analysis"


def needed_by() -> dict[str, list[str]]:
    """Return each table with what needs it, the sign-in tables first."""
    found: dict[str, list[str]] = {name: [SIGN_INS] for name in SIGN_IN_TABLES}
    for hunt in load_hunts():
        for table in hunt.tables:
            found.setdefault(table, []).append(f"hunt {hunt.id}")
    return found


async def check_tables(settings: Settings, providers: Providers) -> list[Checked]:
    """Ask every table for one row of the look-back period; rows are not shown."""
    if settings.siem != "sentinel":
        return []
    if providers.siem is None or not settings.log_analytics_workspace_id:
        return []
    gate = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def ask(table: str, users: list[str]) -> Checked:
        async with gate:
            return await _table(settings, providers, table, users)

    return list(await asyncio.gather(*(ask(*item) for item in needed_by().items())))


async def _table(settings: Settings, providers: Providers, table: str, users: list[str]) -> Checked:
    now = datetime.now(UTC)
    start = now - timedelta(days=settings.baseline_days)
    needed = ", ".join(users)
    vital = SIGN_INS in users and table == SIGN_IN_TABLES[0]
    try:
        answer = await providers.require("siem").run_query(
            f"{table} | take 1", parameters={}, start=start, end=now
        )
    except PermissionDenied as error:
        return Checked(area=AREA, what=table, status=CheckStatus.MISSING, detail=error.describe())
    except PermanentError as error:
        status = CheckStatus.MISSING if vital else CheckStatus.WARNING
        detail = f"not there, needed by {needed}: {error.describe()}"
        return Checked(area=AREA, what=table, status=status, detail=detail)
    except TourniquetError as error:
        detail = f"could not be asked: {error.describe()}"
        return Checked(area=AREA, what=table, status=CheckStatus.WARNING, detail=detail)
    if not answer.rows:
        detail = f"no rows in {settings.baseline_days} days; needed by {needed}"
        return Checked(area=AREA, what=table, status=CheckStatus.WARNING, detail=detail)
    return Checked(area=AREA, what=table, status=CheckStatus.OK, detail=needed)
