"""Whether the verdict is High already, whatever the answers that are still missing will say.

What is missing is taken for the worst: hunts that find nothing, and each kind of answer about the
address that counts differently. High is certain where every one of them leaves it High. Only High
is looked for, as nothing else contains an account without asking (seed 004, step 5).
"""

from collections.abc import Collection, Iterator
from itertools import product

from shared.models.block import BlockName
from shared.models.verdict import Confidence, Verdict
from shared.playbook.confidence.judgement import judge
from shared.playbook.confidence.reputation import (
    MALICIOUS_SCORE,
    SUSPICIOUS_SCORE,
    AddressReputation,
    AddressVerdict,
)
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput, has_success
from shared.playbook.confidence.signals import ACTIVITY, observe, situation_of

_REPUTATIONS = (
    (0, AddressReputation.UNKNOWN),
    (SUSPICIOUS_SCORE, AddressReputation.SUSPICIOUS),
    (MALICIOUS_SCORE, AddressReputation.MALICIOUS),
    (None, AddressReputation.UNKNOWN),
)
"""A common service with reports against it counts as one that nothing is known of."""
_FLAGS = (True, False, None)


def certain_verdict(facts: ScoringInput, missing: Collection[BlockName]) -> Verdict | None:
    """Return the verdict of what is known, if it stays High whatever ``missing`` will say.

    ``missing`` may hold the blocks of the address and of the account's activity; of any other, and
    where a rule counts a hunt's finding in favour of the account, nothing is certain.
    """
    if not has_success(facts) or not set(missing) <= {BlockName.ADDRESS, BlockName.ACTIVITY}:
        return None
    if BlockName.ACTIVITY in missing and _a_finding_may_exonerate():
        return None
    possible = _answers() if BlockName.ADDRESS in missing else iter([facts.address])
    known = score(facts)
    if known.compromise_confidence_score is not Confidence.HIGH:
        return None
    return known if all(_is_high(facts, answer) for answer in possible) else None


def _answers() -> Iterator[AddressVerdict]:
    """Return every kind of answer about an address that counts differently.

    That its country is known, too, only makes more inputs known.
    """
    for (points, reputation), anonymiser, hosting in product(_REPUTATIONS, _FLAGS, _FLAGS):
        yield AddressVerdict(
            ip_reputation_score=points,
            reputation=reputation,
            is_vpn_proxy_service=anonymiser,
            is_hosting=hosting,
        )


def _is_high(facts: ScoringInput, answer: AddressVerdict | None) -> bool:
    told = facts.model_copy(
        update={
            "address": answer,
            "ip_reputation_score": answer.ip_reputation_score if answer else None,
            "geo_country": answer.geo_country if answer else None,
        }
    )
    situation = situation_of(told, observe(told))
    return judge(situation, load_ruleset()).confidence is Confidence.HIGH


def _a_finding_may_exonerate() -> bool:
    rules = load_ruleset().signals
    return any(rule.weight < 0 for name, rule in rules.items() if name.startswith(ACTIVITY))
