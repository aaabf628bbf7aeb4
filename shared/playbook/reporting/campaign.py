"""One address, several accounts: which cases belong together, and when people are told so.

Pure. A case is registered under the address that attacked its account and finds those that were
registered before. The earlier ones learn of the later ones at milestones only: were each told of
each, a spray over 200 accounts would write 20,000 notes.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, cycle, takewhile

from shared.models.base import Json, Model, UtcDatetime
from shared.models.case import CampaignCase
from shared.models.firewall import address_key
from shared.models.verdict import Confidence

KEPT = timedelta(days=7)
"""How long a case counts for its address. Addresses change hands: what one did weeks ago says
little about who uses it today."""
PAGED_ACCOUNTS = 3
"""Accounts at one address from which the SOC is told. Two may be a pair of neighbours behind one
router, or one person with two accounts; three with Medium or High confidence are an attack on the
organisation, and few enough that those still to come can be saved."""
MOST_TOLD = 200
"""Earlier cases that are told at one milestone, the latest; the others see it at their next."""
IPV6_NETWORK = 64
"""RFC 6177 and 8981: a customer has at least a /64 and changes addresses within it by the hour."""


class Hit(Model):
    """A case as it is registered under its address."""

    case_id: str
    account_id: str
    """The directory's id, or another that is the same in each of the account's cases."""
    account: str
    address: str
    opened_at: UtcDatetime
    confidence: Confidence
    at: UtcDatetime
    """When it was registered."""

    def case(self) -> Json:
        """Return what other cases' records keep of it."""
        fields = {name: getattr(self, name) for name in CampaignCase.model_fields}
        return CampaignCase(**fields).to_json()


def campaign_key(address: str) -> str:
    """Return the key under which the cases of an address are registered; IPv6: of its /64.

    Raises:
        ValueError: it is not an address.
    """
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return address_key(str(parsed))
    return address_key(str(ipaddress.ip_network(f"{parsed}/{IPV6_NETWORK}", strict=False)))


def others(hits: Iterable[Hit], own: Hit) -> list[Hit]:
    """Return the latest hit of every other account that still counts, oldest first."""
    by_time = sorted(hits, key=lambda one: (one.at, one.case_id))
    latest = {
        one.account_id: one
        for one in by_time
        if own.at - one.at < KEPT
        and one.case_id != own.case_id
        and one.account_id != own.account_id
        and one.account.casefold() != own.account.casefold()
    }
    return sorted(latest.values(), key=lambda one: (one.at, one.case_id))


def milestones(most: int) -> list[int]:
    """Return 1, 2, 5, 10, 20, 50, ... up to ``most``."""
    factors = (2.0, 2.5, 2.0)
    numbers = accumulate(cycle(factors), lambda known, factor: known * factor, initial=1.0)
    return [int(one) for one in takewhile(lambda one: one <= most, numbers)]


def milestone(count: int) -> int:
    """Return the highest milestone that ``count`` other accounts have reached; 0: none."""
    return max(milestones(count), default=0)


def gate(hits: Sequence[Hit], reached: int) -> str:
    """Return the claim that lets one case tell all the others of a milestone.

    It is named after the oldest hit, so that a milestone that is reached again after old hits
    have expired is told again, to those who have not been told of it.
    """
    oldest = min(hits, key=lambda one: (one.at, one.case_id))
    return f"{reached}-{oldest.case_id}"
