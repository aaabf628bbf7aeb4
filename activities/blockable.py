"""What is known about an attack's address when the plan is made."""

from shared.bootstrap import get_providers
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.plan import ActionName
from shared.models.trusted import TrustCheck
from shared.playbook.addresses import why_never_block
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.planning.decided import NOT_THE_ATTACKS
from shared.playbook.planning.never_block import block_rules
from shared.playbook.planning.plan import AddressFacts
from shared.policy import get_policy


def attack_address(case: CaseRequest, facts: ScoringInput) -> str | None:
    """Return where the attack came from, as the log has it, else as the incident tells it."""
    found = facts.analysis.suspicious_address if facts.analysis else None
    return found or case.successful_login_ip


def address_facts(
    case: CaseRequest,
    blocks: dict[str, Json],
    facts: ScoringInput,
    recommended: list[ActionName],
) -> list[AddressFacts]:
    """Return the attack's address with what decides whether it may be blocked; empty if none."""
    address = attack_address(case, facts)
    if address is None or case.account is None:
        return []
    rules = block_rules(
        address,
        get_policy().never_block,
        reputation=facts.address,
        trusted=_trusted(blocks, address),
        analysis=facts.analysis,
        now=case.now,
    )
    known = {"reputation": facts.address.reputation} if facts.address else {}
    return [
        AddressFacts(
            address=address,
            highly_unusual=ActionName.BLOCK_IP in recommended,
            never_block=rules.never,
            doubts=rules.doubts,
            cannot_block=_why_no_firewall_can(address),
            **known,
        )
    ]


def attackers_addresses(
    case: CaseRequest, blocks: dict[str, Json], facts: ScoringInput
) -> tuple[list[str], dict[str, str]]:
    """Return by which addresses logs may be asked for everybody, and why not by the others.

    By an address that the rules protect, an office's, the rows of everybody there would be kept.
    So would be those of a home or an office that the incident names beside the attacker's.
    """
    attack, rules = attack_address(case, facts), get_policy().never_block
    spared: dict[str, str] = {}
    for address in dict.fromkeys(filter(None, (attack, *case.addresses))):
        if address != attack:
            why = why_never_block(address, rules.addresses)
            spared[address] = why or NOT_THE_ATTACKS
        elif why := block_rules(
            address,
            rules,
            reputation=facts.address,
            trusted=_trusted(blocks, address),
            analysis=facts.analysis,
            now=case.now,
        ).never:
            spared[address] = why
    return [attack] if attack and attack not in spared else [], spared


def _trusted(blocks: dict[str, Json], address: str) -> TrustCheck | None:
    """Return what was found out about this very address; another one's answer says nothing."""
    block = blocks[BlockName.ADDRESS]
    checked = block["details"].get("trusted")
    if not checked or block["inputs"].get("successful_login_ip") != address:
        return None
    return TrustCheck.model_validate(checked)


def _why_no_firewall_can(address: str) -> str | None:
    """Return why not one of the configured firewalls can take the address, or ``None``."""
    reasons = {one.name: one.why_not(address) for one in get_providers().firewalls}
    if None in reasons.values():
        return None
    return "; ".join(f"{name}: {why}" for name, why in reasons.items()) or None
