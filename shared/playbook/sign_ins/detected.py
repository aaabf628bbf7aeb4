"""What the detections beside the seed's trigger have in common.

Each finds sign-ins that show a compromised account, and each is also a Sentinel rule in
``infra/detections/`` that gives the same answer on the same rows (docs/detections.md).
"""

from collections import defaultdict
from collections.abc import Iterable

from shared.models.base import Model, UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.codes import PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.detection import (
    distinct_attempts,
    external_source_of,
    is_guess,
    user_of,
)


class Detection(Model):
    """One compromised account, seen in the sign-in log."""

    user: str
    """Object id or user principal name, lower case."""
    user_principal_name: str | None
    address: str
    """The intruder's address."""
    sign_in_id: str
    sign_in_at: UtcDatetime
    """The intruder's sign-in."""
    detected_at: UtcDatetime
    """The latest sign-in that it is made of."""


def password_was_right(event: SignIn) -> bool:
    """Whether the sign-in succeeded or was only stopped after the right password."""
    return event.succeeded or event.result_code in PASSWORD_RIGHT_CODES


def name_of(event: SignIn) -> str | None:
    """Return the user principal name of a sign-in, else the identifier that it has."""
    return event.user_principal_name or user_of(event) or None


def guesses_and_rights(events: Iterable[SignIn]) -> dict[str, list[SignIn]]:
    """Return the wrong and the right passwords of each external address, oldest first."""
    groups: dict[str, list[SignIn]] = defaultdict(list)
    for event in distinct_attempts(events):
        if (is_guess(event) or password_was_right(event)) and (
            address := external_source_of(event)
        ):
            groups[address].append(event)
    return groups
