"""Checks of the address: its reputation, and what kind of network it is in.

An address tells of a compromise only if a success came from it. That a VPN or a hosting network is
used says nothing about an account that always comes from that network; and a VPN, unlike a person,
is elsewhere within a second, so travel through one is no travel.
"""

from collections.abc import Callable

from shared.playbook.confidence.reputation import (
    SUSPICIOUS_SCORE,
    AddressReputation,
    AddressVerdict,
)
from shared.playbook.confidence.scoring_input import ScoringInput, has_success
from shared.playbook.confidence.signals_of_success import Answer, impossible_travel

type Check = Callable[[ScoringInput], Answer]


def of_address(check: Callable[[AddressVerdict], Answer]) -> Check:
    """Make a check of the address: absent without a success, unknown without the log."""

    def run(facts: ScoringInput) -> Answer:
        if not has_success(facts):
            return has_success(facts)
        return check(facts.address) if facts.address else None

    return run


def reputation_is(wanted: AddressReputation) -> Check:
    """Make a check for one reputation."""

    def check(address: AddressVerdict) -> Answer:
        if address.ip_reputation_score is None:
            return None
        matches = "; ".join(address.ip_reputation_feed_matches[:3]) or "no feed named"
        return address.reputation is wanted and (
            f"Score {address.ip_reputation_score} of 100 ({', '.join(address.sources)}; {matches})."
        )

    return of_address(check)


def ordinary(address: AddressVerdict) -> Answer:
    """Everything about the address must be known and quiet; a score of 0 alone is no comfort."""
    score = address.ip_reputation_score
    if score is None or address.is_vpn_proxy_service is None or address.is_hosting is None:
        return None
    if score >= SUSPICIOUS_SCORE or address.is_vpn_proxy_service or address.is_hosting:
        return False
    return f"Score {score} of 100 ({', '.join(address.sources)}), no hosting, VPN or proxy network."


def network_flag(flag: str, words: str) -> Check:
    """Make a check for a kind of network that is not what the account usually comes from."""

    def check(facts: ScoringInput) -> Answer:
        if not has_success(facts):
            return has_success(facts)
        if facts.address is None:
            return None
        if _comes_from_there(facts):
            return False
        value: bool | None = getattr(facts.address, flag)
        return value and f"{_network(facts.address)}: {words}."

    return check


def travel(facts: ScoringInput) -> Answer:
    """Return evidence of two places too far apart in time, no VPN or hosting network between."""
    found = _travel(facts)
    return found if not _is_elsewhere_at_once(facts.address) else found and False


def travel_by_vpn(facts: ScoringInput) -> Answer:
    """Return evidence of the same, with a VPN or hosting network at the end."""
    found = _travel(facts)
    if not found or facts.address is None or not _is_elsewhere_at_once(facts.address):
        return found and False
    return f"{found} {_network(facts.address)} is a VPN or hosting network, which explains a jump."


def _travel(facts: ScoringInput) -> Answer:
    if has_success(facts) is None or facts.analysis is None:
        return None
    login = facts.analysis.successful_login_details
    return impossible_travel(facts.analysis, login) if login else False


def _is_elsewhere_at_once(address: AddressVerdict | None) -> bool:
    return bool(address and (address.is_vpn_proxy_service or address.is_hosting))


def _comes_from_there(facts: ScoringInput) -> bool:
    analysis = facts.analysis
    return bool(analysis and analysis.usual_network and not analysis.thin_history)


def _network(address: AddressVerdict) -> str:
    return f"AS{address.asn} {address.network or ''}".strip() if address.asn else "The network"
