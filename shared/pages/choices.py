"""The runbook's choices, each with its consequence in words (seed 000 step 5)."""

from typing import NamedTuple

from shared.models.plan import ActionName


class Choice(NamedTuple):
    """One choice of the decision page."""

    action: ActionName
    label: str
    consequence: str
    alone: bool = False


CHOICES: tuple[Choice, ...] = (
    Choice(
        ActionName.FORCE_PASSWORD_RESET,
        "Reset password",
        "The old password stops working at once. The person must set a new one through "
        "self-service reset or the help desk.",
    ),
    Choice(
        ActionName.REVOKE_SESSIONS,
        "Terminate sessions",
        "Every application asks to sign in again. Tokens already issued can live on for up to "
        "an hour.",
    ),
    Choice(
        ActionName.DISABLE_ACCOUNT,
        "Disable account",
        "The person cannot sign in at all until somebody enables the account. Can be undone.",
    ),
    Choice(
        ActionName.BLOCK_IP,
        "Block address",
        "The firewall drops traffic from the address. Others behind the same address are hit "
        "too. Lifted by itself when it expires.",
    ),
    Choice(
        ActionName.CONFIRM_COMPROMISED,
        "Confirm compromised",
        "Identity Protection sets the account's risk to high, which ends sessions in "
        "Exchange, SharePoint and Teams.",
    ),
    Choice(
        ActionName.MONITOR_ONLY,
        "Monitor only",
        "Nothing is changed. The case stays open and sign-ins are watched.",
        alone=True,
    ),
    Choice(
        ActionName.NO_ACTION,
        "No action",
        "Nothing is changed: this was the person, or does not matter.",
        alone=True,
    ),
)
