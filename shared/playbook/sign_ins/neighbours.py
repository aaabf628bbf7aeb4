"""Who else an address signs in: the difference between an office and an intruder.

One account's sign-ins do not show that its address guesses at many accounts, nor that half the
office sits behind it. One query by address does (``neighbours_query``). Accounts are counted, never
named.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pydantic import Field

from shared.models.base import Json, Model, UtcDatetime, VendorModel, to_utc
from shared.models.signin import SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins.codes import PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.detection import is_guess, source_of, user_of

SPRAYED_ACCOUNTS = 5
"""Other accounts guessed at; as ``password_spray.GUESSED_USERS`` (Sentinel's threshold)."""
SHARING_ACCOUNTS = 3
"""Other accounts that make an address the organisation's own, as ``impossible_travel``."""
SHARING_DAYS = 3
"""On so many different days each: the victims of one campaign do not come back for days."""
USUAL_DAYS = 2
"""Days before the attack's, each with a sign-in that nothing speaks against, that make an account
one whose workplace this is, too: whoever was hit only today has none."""
SETTLED_DAYS = 7
"""The first of them so long before the attack: by then a campaign's victims have been noticed, or
the address is one that people share anyway."""
FLAGGED_LEVELS = ("medium", "high")
"""Risk at the sign-in that speaks against it; ``medium`` not when a second factor was passed."""


class AddressUse(Model):
    """What an address did to accounts other than the case's own."""

    guessed_accounts: int = 0
    """Accounts it gave a wrong password for."""
    right_accounts: int = 0
    """Accounts it gave the right password for, whether or not it got in."""
    regular_accounts: int = 0
    """Accounts that signed in from it on three different days or more."""
    usual_accounts: int = 0
    """Accounts with sign-ins from it on two days or more before the attack's, none flagged."""
    settled_accounts: int = 0
    """Those of them that began a week or more before the attack."""
    before: UtcDatetime | None = None
    """The day that the last two look back from; ``None``: they were not counted."""
    partial: bool = False
    """Some rows are missing: there are at least so many."""

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


class _Row(VendorModel):
    """A row of ``neighbours_query``."""

    address: str | None = Field(default=None, alias="IPAddress")
    guessed_accounts: int = Field(default=0, alias="GuessedAccounts")
    right_accounts: int = Field(default=0, alias="RightAccounts")
    regular_accounts: int = Field(default=0, alias="RegularAccounts")
    usual_accounts: int = Field(default=0, alias="UsualAccounts")
    settled_accounts: int = Field(default=0, alias="SettledAccounts")


def attack_day(*times: datetime | None) -> datetime:
    """Return the beginning of the day (UTC) on which the first of the times lies.

    Raises:
        ValueError: no time is known.
    """
    first = to_utc(min(time for time in times if time is not None))
    return first.replace(hour=0, minute=0, second=0, microsecond=0)


def read_address_use(
    rows: Sequence[Json],
    address: str,
    *,
    before: datetime | None = None,
    partial: bool = False,
) -> AddressUse:
    """Return what the query's rows say about one address, in whatever spelling the log has it.

    Raises:
        pydantic.ValidationError: a row is not one of the query.
    """
    every = [_Row.model_validate(row) for row in rows]
    own = [one for one in every if one.address and normalise_address(one.address) == address]
    return AddressUse(
        guessed_accounts=sum(one.guessed_accounts for one in own),
        right_accounts=sum(one.right_accounts for one in own),
        regular_accounts=sum(one.regular_accounts for one in own),
        usual_accounts=max((one.usual_accounts for one in own), default=0),
        settled_accounts=max((one.settled_accounts for one in own), default=0),
        before=before,
        partial=partial,
    )


def is_usual(event: SignIn, before: datetime) -> bool:
    """Return whether a sign-in says that its account belongs at the address (as the query)."""
    level = event.risk_level
    second_factor = event.authentication_requirement == "multiFactorAuthentication"
    flagged = level in FLAGGED_LEVELS and (level == "high" or not second_factor)
    compromised = event.risk_state == "confirmedCompromised"
    return event.succeeded and event.at < before and not flagged and not compromised


def address_use(
    events: Iterable[SignIn], address: str, *, user: str, before: datetime | None = None
) -> AddressUse:
    """Return the same from sign-ins of many accounts.

    Args:
        events: sign-ins of anybody.
        address: the address, in its one spelling.
        user: the case's own account (``detection.user_of``), which is left out.
        before: the day of the attack, when who usually comes from there is to be counted.
    """
    guessed: set[str] = set()
    right: set[str] = set()
    days: dict[str, set[date]] = {}
    usual: dict[str, set[date]] = {}
    for event in events:
        other = user_of(event)
        if other == user or source_of(event) != address:
            continue
        if before and is_usual(event, before):
            usual.setdefault(other, set()).add(event.at.date())
        if not event.interactive:
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
        usual_accounts=sum(len(seen) >= USUAL_DAYS for seen in usual.values()),
        settled_accounts=sum(_is_settled(seen, before) for seen in usual.values()),
        before=before,
    )


def address_rows(
    events: Sequence[SignIn], addresses: Iterable[str], *, own: set[str], before: datetime
) -> list[Json]:
    """Return the rows of ``neighbours_query`` from sign-ins, where a log cannot count itself.

    Args:
        events: sign-ins of anybody.
        addresses: the addresses that are asked about.
        own: the case's own account, by whatever name, lower case; it is left out.
        before: the day of the attack.
    """
    others = [one for one in events if not own & _names(one)]
    rows = []
    for address in addresses:
        use = address_use(others, address, user="", before=before)
        row = _Row(**use.model_dump(exclude={"before", "partial"}), address=address)
        rows.append(row.model_dump(by_alias=True))
    return rows


def _names(event: SignIn) -> set[str]:
    return {name.lower() for name in (event.user_id, event.user_principal_name) if name}


def _is_settled(days: set[date], before: datetime | None) -> bool:
    if before is None or len(days) < USUAL_DAYS:
        return False
    return min(days) < (before - timedelta(days=SETTLED_DAYS)).date()
