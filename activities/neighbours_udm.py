"""Who else addresses sign in: Google SecOps selects the logins, and they are counted here."""

from datetime import datetime

from activities.support import explain
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.query import QueryResult
from shared.playbook.sign_ins.neighbours import address_rows
from shared.playbook.sign_ins.neighbours_query import UDM_QUERY
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.ports import Siem

TABLE = "UDM"


async def accounts_in_udm(
    siem: Siem, case: CaseRequest, addresses: list[str], start: datetime, before: datetime
) -> QueryResult | str:
    """Return the rows of ``neighbours_query``, or why there are none."""
    parameters: Json = {"addresses": addresses}
    try:
        found = await siem.run_query(UDM_QUERY, parameters=parameters, start=start, end=case.now)
    except TourniquetError as error:
        return explain(error)
    events, _ = read_tables({TABLE: found.rows})
    account = case.account
    own = {account.object_id, account.user_principal_name, account.user_id} if account else set()
    names = {name.lower() for name in own if name}
    rows = address_rows(events, addresses, own=names, before=before)
    return found.model_copy(update={"rows": rows})
