"""Who else an address signs in: the difference between an office and an intruder.

One account's sign-ins do not show that its address guesses at many accounts, nor that half the
office sits behind it. One query by address does. Accounts are counted, never named.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import Field

from shared.models.base import Json, Model, VendorModel
from shared.models.signin import SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins.codes import GUESSING_CODES, PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.detection import is_guess, source_of, user_of

SPRAYED_ACCOUNTS = 5
"""Other accounts guessed at; as ``password_spray.GUESSED_USERS`` (Sentinel's threshold)."""
SHARING_ACCOUNTS = 3
"""Other accounts that make an address the organisation's own, as ``impossible_travel``."""
SHARING_DAYS = 3
"""On so many different days each: the victims of one campaign do not come back for days."""
_MOST_ACCOUNTS = 1_000


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f'"{code}"' for code in sorted(codes))


QUERY = f"""\
SigninLogs
| where IPAddress in (addresses)
| where not(UserId =~ userId or UserPrincipalName =~ userPrincipalName)
| extend Guess = ResultType in ({_codes(GUESSING_CODES)}),
    Right = ResultType in ({_codes({"0", *PASSWORD_RIGHT_CODES})}), Day = bin(TimeGenerated, 1d)
| where Guess or Right
| summarize Guesses = countif(Guess), Rights = countif(Right),
    Days = dcountif(Day, ResultType == "0") by IPAddress, UserId
| take {_MOST_ACCOUNTS}
"""
"""Values come as ``addresses``, ``userId`` and ``userPrincipalName``."""


class AddressUse(Model):
    """What an address did to accounts other than the case's own."""

    guessed_accounts: int = 0
    """Accounts it gave a wrong password for."""
    right_accounts: int = 0
    """Accounts it gave the right password for, whether or not it got in."""
    regular_accounts: int = 0
    """Accounts that signed in from it on three different days or more."""

    @property
    def is_spray(self) -> bool:
        """Whether it guesses at many accounts and gets few right."""
        return (
            self.guessed_accounts >= SPRAYED_ACCOUNTS
            and self.guessed_accounts > self.right_accounts
        )

    @property
    def is_shared(self) -> bool:
        """Whether it is an egress of the organisation, which also an intruder may sit behind."""
        return self.regular_accounts >= SHARING_ACCOUNTS and not self.is_spray


class _Account(VendorModel):
    """A row of the query."""

    address: str | None = Field(default=None, alias="IPAddress")
    guesses: int = Field(default=0, alias="Guesses")
    rights: int = Field(default=0, alias="Rights")
    days: int = Field(default=0, alias="Days")


def read_address_use(rows: Sequence[Json], address: str) -> AddressUse:
    """Return what the query's rows say about one address.

    Raises:
        pydantic.ValidationError: a row is not one of the query.
    """
    accounts = [_Account.model_validate(row) for row in rows]
    own = [one for one in accounts if one.address and normalise_address(one.address) == address]
    return AddressUse(
        guessed_accounts=sum(one.guesses > 0 for one in own),
        right_accounts=sum(one.rights > 0 for one in own),
        regular_accounts=sum(one.days >= SHARING_DAYS for one in own),
    )


def address_use(events: Iterable[SignIn], address: str, *, user: str) -> AddressUse:
    """Return the same from sign-ins of many accounts.

    Args:
        events: sign-ins of anybody.
        address: the address, in its one spelling.
        user: the case's own account (``detection.user_of``), which is left out.
    """
    guessed: set[str] = set()
    right: set[str] = set()
    days: dict[str, set[date]] = {}
    for event in events:
        other = user_of(event)
        if other == user or source_of(event) != address:
            continue
        if is_guess(event):
            guessed.add(other)
        if event.succeeded or event.result_code in PASSWORD_RIGHT_CODES:
            right.add(other)
        if event.succeeded:
            days.setdefault(other, set()).add(event.at.date())
    return AddressUse(
        guessed_accounts=len(guessed),
        right_accounts=len(right),
        regular_accounts=sum(len(seen) >= SHARING_DAYS for seen in days.values()),
    )
