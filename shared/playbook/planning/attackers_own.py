"""Which address is the attacker's own, so that acting on it meets nobody else."""

from collections.abc import Iterable

from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.planning.plan import AddressFacts


def attackers_own(addresses: Iterable[AddressFacts]) -> str | None:
    """Return the first address that is neither ours nor used by others too, or ``None``."""
    for facts in addresses:
        if not facts.never_block and facts.reputation is not AddressReputation.BENIGN:
            return facts.address
    return None
