"""Which attack addresses are never blocked, and about which a person has to be asked first.

A wrong block of a shared address sends an office home or cuts off strangers; an address that is not
blocked costs little, because the account is contained anyway. So a good reason forbids a block, and
a doubt that cannot be settled makes it a person's decision. None of this says that a sign-in from
such an address is harmless: the attacker may sit inside, or on a machine there.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import Field

from shared.models.base import Model, format_utc
from shared.models.policy import NeverBlock
from shared.models.trusted import TrustCheck, TrustedLocations, TrustedPlace
from shared.playbook.addresses import contains, why_never_block
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.planning.shared_services import shared_network
from shared.playbook.sign_ins.models import SignInAnalysis
from shared.playbook.sign_ins.neighbours import SETTLED_DAYS, AddressUse

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
LATELY = timedelta(days=SETTLED_DAYS)
"""A trusted location that was changed so shortly before an attack may be part of it (ATT&CK
T1556.009, Conditional Access Policies)."""


class BlockRules(Model):
    """What the rules say about blocking one address."""

    never: str | None = None
    """Why it must not be blocked; ``None``: nothing forbids it."""
    doubts: list[str] = Field(default_factory=list)
    """Why a person has to be asked; none when it must not be blocked anyway."""


def trusted_place(known: TrustedLocations, address: str) -> TrustedPlace | None:
    """Return the trusted location that an address lies in, the one changed longest ago first."""
    places = [
        TrustedPlace(name=one.name, network=network, changed_at=one.changed_at)
        for one in known.locations
        for network in one.networks
        if contains(network, address)
    ]
    return min(places, key=lambda place: place.changed_at or _LONG_AGO, default=None)


def block_rules(
    address: str,
    rules: NeverBlock,
    *,
    reputation: AddressVerdict | None,
    trusted: TrustCheck | None,
    analysis: SignInAnalysis | None,
    now: datetime,
) -> BlockRules:
    """Return whether an attack's address may be blocked, and whether without asking.

    Args:
        address: in its one spelling.
        rules: the policy's.
        reputation: what threat intelligence and the location database say; ``None``: not known.
        trusted: whether it lies in a trusted named location; ``None``: not known.
        analysis: the account's sign-ins; says who else comes from there.
        now: the case's time, for an attack whose beginning is not known.
    """
    use = analysis.address_use if analysis else None
    began = use.before if use and use.before else now
    reasons: list[str | None] = [why_never_block(address, rules.addresses)]
    doubts: list[str] = []
    if rules.trusted_named_locations:
        reason, doubt = _trusted(trusted, analysis, began)
        reasons.append(reason)
        doubts += doubt
    reason, doubt = _shared_by_users(use, rules.users_at_address)
    reasons.append(reason)
    doubts += doubt
    reason, doubt = _shared_service(reputation, _asn(address, reputation, analysis))
    reasons.append(reason)
    doubts += doubt
    never = next((reason for reason in reasons if reason), None)
    return BlockRules(never=never, doubts=[] if never else doubts)


type _Answer = tuple[str | None, Sequence[str]]


def _trusted(check: TrustCheck | None, analysis: SignInAnalysis | None, began: datetime) -> _Answer:
    login = analysis.successful_login_details if analysis else None
    logged = bool(login and login.trusted_location)
    if check is None:
        also = "; the sign-in log says that it is" if logged else ""
        return None, [f"whether it is in a trusted named location is not known{also}"]
    place = check.place
    if place is None:
        gone = "the sign-in log has it in a trusted named location that is there no more"
        return None, [gone] if logged else []
    where = f"the trusted named location {place.name} ({place.network})"
    if place.changed_at and place.changed_at > began - LATELY:
        at = format_utc(place.changed_at)
        return None, [f"it is in {where}, which was changed at {at}: see who added it"]
    return f"it is in {where}; the attacker may be inside or use a machine there", []


def _shared_by_users(use: AddressUse | None, most: int) -> _Answer:
    if use is None:
        return None, ["who else signs in from it could not be asked"]
    days = f"on two days or more before {use.before:%Y-%m-%d}" if use.before else "on earlier days"
    if use.settled_accounts >= most:
        return f"{use.settled_accounts} other accounts signed in from it {days}", []
    if use.usual_accounts >= most:
        return None, [
            f"{use.usual_accounts} other accounts signed in from it {days}, for less than a week: "
            "a new office, or a campaign"
        ]
    if use.partial:
        return None, ["who else signs in from it is only known in part"]
    return None, []


def _asn(
    address: str, reputation: AddressVerdict | None, analysis: SignInAnalysis | None
) -> int | None:
    """Return the address's network: the location database's word, else the sign-in log's."""
    if reputation and reputation.asn:
        return reputation.asn
    login = analysis.successful_login_details if analysis else None
    return login.asn if login and login.address == address else None


def _shared_service(reputation: AddressVerdict | None, asn: int | None) -> _Answer:
    if reputation and reputation.common_service:
        return reputation.common_service, []
    network = shared_network(asn)
    if network is None:
        return None, _not_told(reputation, asn)
    text = f"it belongs to {network.operator} (AS{asn}): {network.what}"
    return (text, []) if network.block == "never" else (None, [text])


def _not_told(reputation: AddressVerdict | None, asn: int | None) -> list[str]:
    """Return what a source that is configured would have told, had it answered."""
    if reputation is None:
        return ["whether it belongs to a common service could not be asked"]
    silent = [f"{name} did not answer" for name in reputation.services_unknown]
    doubts = [f"whether it belongs to a common service is not known: {one}" for one in silent]
    if reputation.network_unknown and asn is None:
        doubts.append("whose network it is in is not known: the location database did not answer")
    return doubts
