"""The ``SignInLog`` port on Google SecOps: logins of the directories, from UDM.

A search returns at most 10,000 events, so a period with more is cut in half, and again, up to
sixteen searches; what is still missing then is said.
"""

from datetime import datetime

from shared.errors import PermanentError
from shared.models.base import Json
from shared.models.signin import SignInLogResult
from shared.ports import ReadTables
from shared.providers.google_secops.search import TOO_LARGE, VENDOR, UdmSearch
from shared.settings import Settings

TABLE = "UDM"
"""Name of the shape (``shared.playbook.sign_ins.shapes``)."""
MOST_SEARCHES = 16
LOGINS = """\
metadata.event_type = "USER_LOGIN"
and metadata.log_type = /^(AZURE_AD|OKTA)$/
"""
"""What endpoints and servers report as logins is not a sign-in to the directory."""
_BY_ID = "target.user.product_object_id = ${object_id} nocase"
_BY_NAME = (
    "target.user.email_addresses = ${user_name} nocase\n    or target.user.userid = ${user_name}"
    " nocase"
)


class GoogleSecOpsLogs:
    """Sign-ins of one instance."""

    def __init__(self, settings: Settings, read_tables: ReadTables) -> None:
        self._search = UdmSearch(settings)
        self._read_tables = read_tables

    async def get_sign_ins(
        self,
        *,
        object_id: str | None,
        user_principal_name: str | None,
        start: datetime,
        end: datetime,
    ) -> SignInLogResult:
        """Return the account's sign-ins in ``[start, end)``, oldest first, attempts not rows."""
        parameters: Json = {}
        conditions = []
        if object_id:
            parameters["object_id"] = object_id
            conditions.append(_BY_ID)
        if user_principal_name:
            parameters["user_name"] = user_principal_name
            conditions.append(_BY_NAME)
        if not conditions:
            raise PermanentError("no account to search sign-ins for", vendor=VENDOR)
        query = f"{LOGINS}and ({'\n    or '.join(conditions)})"
        rows, incomplete = await self._all(query, parameters, start, end)
        events, unreadable = self._read_tables({TABLE: rows})
        if count := unreadable.get(TABLE):
            incomplete.append(f"{TABLE}: {count} events could not be understood")
        return SignInLogResult(events=events, incomplete=incomplete, query=query, rows=len(rows))

    async def _all(
        self, query: str, parameters: Json, start: datetime, end: datetime
    ) -> tuple[list[Json], list[str]]:
        """Return all events, the newest windows first, and what is missing."""
        rows: list[Json] = []
        missing: list[str] = []
        windows = [(start, end)]
        for _ in range(MOST_SEARCHES):
            if not windows:
                break
            begin, until = windows.pop()
            found = await self._search.run(query, parameters, start=begin, end=until)
            if TOO_LARGE in found.detail and len(windows) + 2 <= MOST_SEARCHES:
                middle = begin + (until - begin) / 2
                windows += [(begin, middle), (middle, until)]
                continue
            rows += found.rows
            missing += [f"{TABLE}: {found.detail}"] if found.partial else []
        missing += [
            f"{TABLE}: not read, too many events: {begin:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
            for begin, until in windows
        ]
        return rows, missing
