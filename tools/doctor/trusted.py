"""Which named locations count as the organisation's own, so that nothing in them is blocked."""

from ipaddress import ip_network

from shared.bootstrap import Providers
from shared.errors import TourniquetError
from shared.models.check import Checked, CheckStatus
from shared.models.trusted import TrustedLocation
from shared.policy import get_policy

AREA = "Never blocked"
WHAT = "trusted named locations"
WIDE = {4: 16, 6: 32}
"""By version of the protocol: a shorter prefix is more than an organisation's own network."""


async def check_trusted(providers: Providers) -> list[Checked]:
    """Return one line: the locations by name, and those that are suspiciously wide."""
    if not get_policy().never_block.trusted_named_locations:
        return [_line(CheckStatus.OFF, "the policy does not ask for them")]
    try:
        found = await providers.require("trusted_networks").list_trusted()
    except TourniquetError as error:
        unknown = "so BlockIP is asked, never done by itself"
        return [_line(CheckStatus.WARNING, f"cannot be read, {unknown}: {error.describe()}")]
    if not found.locations:
        return [_line(CheckStatus.WARNING, "none is marked as trusted in Conditional Access")]
    named = ", ".join(f"{one.name} ({len(one.networks)})" for one in found.locations)
    wide = [f"{one.name}: {network}" for one in found.locations for network in _wide(one)]
    if wide:
        return [_line(CheckStatus.WARNING, f"{named}; very wide: {', '.join(wide)}")]
    return [_line(CheckStatus.OK, named)]


def _wide(location: TrustedLocation) -> list[str]:
    return [text for text in location.networks if _is_wide(text)]


def _is_wide(text: str) -> bool:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen < WIDE[network.version]


def _line(status: CheckStatus, detail: str) -> Checked:
    return Checked(area=AREA, what=WHAT, status=status, detail=detail)
