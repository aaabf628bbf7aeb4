"""Which directory an alert points to.

Sentinel's rules over Okta's log name the account by its login, never by an Entra object id, and
run over ``OktaV2_CL``, ``Okta_CL`` or the parser ``OktaSSO``; Okta's own product is named so.
"""

from collections.abc import Iterable

from shared.models.directory import ENTRA, OKTA
from shared.playbook.intake.alerts import AlertFacts, names_okta
from shared.playbook.intake.entities import EntityAccount


def directory_of_alerts(
    account: EntityAccount, alerts: Iterable[AlertFacts], *, title: str, products: Iterable[str]
) -> str | None:
    """Return ``okta`` or ``entra``, or ``None`` when nothing points to either.

    Whose log an alert is about says most, then an Entra object id, then what people call it.

    Args:
        account: the account.
        alerts: those that are about it.
        title: the incident's.
        products: product names of the incident's alerts.
    """
    alerts = list(alerts)
    if any(alert.is_of_okta for alert in alerts) or any(map(names_okta, products)):
        return OKTA
    if account.object_id:
        return ENTRA
    called = [title, *(alert.name for alert in alerts)]
    return OKTA if any(map(names_okta, called)) else None
