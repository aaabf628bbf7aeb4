"""Which directory an alert points to.

Sentinel's rules over Okta's log name the account by its login, never by an Entra object id, and
run over ``OktaV2_CL``, ``Okta_CL`` or the parser ``OktaSSO``; Okta's own product is named so.
"""

import re
from collections.abc import Iterable

from shared.models.directory import ENTRA, OKTA
from shared.playbook.intake.alerts import AlertFacts
from shared.playbook.intake.entities import EntityAccount

_OKTA = re.compile(r"\bokta(sso|v2)?(?![a-z])", re.IGNORECASE)
"""The product, its tables and its parser; not a name such as Oktavia."""


def directory_of_alerts(
    account: EntityAccount, alerts: Iterable[AlertFacts], *, title: str, products: Iterable[object]
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
    said = [*(alert.source for alert in alerts), *(text for text in products if _is_text(text))]
    if any(_OKTA.search(str(text)) for text in said):
        return OKTA
    if account.object_id:
        return ENTRA
    called = [title, *(alert.name for alert in alerts)]
    return OKTA if any(_OKTA.search(text) for text in called) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)
