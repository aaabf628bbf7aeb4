"""What would change a verdict: every sentence is true, and the same facts give the same list."""

import re
from datetime import timedelta

import pytest

from shared.models.directory import GeoLocation, ReputationReport
from shared.models.signin import MfaResult
from shared.playbook.confidence.reputation import combine_reports
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.signals import CHECKS
from shared.playbook.confidence.what_would_change import (
    _EXCLUDE_EACH_OTHER,
    MOST,
    NOTHING,
    what_would_change,
)
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    WITH_MFA,
    analyse,
    bad_address,
    brute_force,
    facts,
    failures,
    history,
    plain_address,
    sign_in,
    stopped,
)

SENTENCE = re.compile(r"(High|Medium|Low) \((\d+)\) (if|once) .+\.")


def medium(**success: object) -> ScoringInput:
    """Some failures abroad, then a success with an earlier factor: for a person to judge."""
    claim = {"mfa_result": MfaResult.SATISFIED_BY_CLAIM}
    events = [
        *history(),
        *failures(12, over=EIGHT_MINUTES, **ABROAD),
        sign_in(SUCCESS_AT, id="success", **ABROAD | claim | success),
    ]
    return facts(analyse(events, ATTACKER), plain_address("NG"))


@pytest.mark.parametrize(
    "known",
    [
        medium(),
        facts(brute_force(mfa_result=MfaResult.UNKNOWN), plain_address()),
        facts(stopped("50076"), bad_address()),
        facts(None, None),
    ],
    ids=["medium", "mfa unknown", "stopped", "nothing known"],
)
def test_sentences_name_another_confidence_and_are_few(known: ScoringInput) -> None:
    now = score(known).compromise_confidence_score.value
    lines = what_would_change(known)
    assert 1 <= len(lines) <= MOST
    assert lines == what_would_change(ScoringInput.model_validate_json(known.model_dump_json()))
    for line in lines:
        if line != NOTHING:
            found = SENTENCE.fullmatch(line)
            assert found, line
            assert found[1] != now


def test_a_clear_case_says_that_nothing_would_change_it() -> None:
    assert what_would_change(facts(brute_force(), bad_address())) == [NOTHING]


def test_the_reason_that_carries_the_verdict_is_named_with_the_true_score() -> None:
    known = medium()
    line = next(one for one in what_would_change(known) if "Ten or more wrong passwords" in one)
    fewer = known.analysis.model_copy(update={"failed_logins_count": 3}) if known.analysis else None
    without = score(known.model_copy(update={"analysis": fewer}))
    assert line.startswith(f"{without.compromise_confidence_score.value} ({without.score}) ")


def test_a_missing_critical_input_is_the_first_thing_to_find_out() -> None:
    lines = what_would_change(facts(brute_force(mfa_result=MfaResult.UNKNOWN), plain_address()))
    assert lines[0].startswith("High (")
    assert "mfa result" in lines[0]
    assert any("Success without a second factor" in line for line in lines)


def test_a_stopped_attack_turns_on_whether_it_really_was() -> None:
    known = facts(stopped("50076"), bad_address())
    assert f"if {ATTACKER} turns out to have signed in" in what_would_change(known)[0]


def test_a_bad_reputation_is_supposed_in_place_of_the_good_one() -> None:
    known = facts(
        analyse(
            [*history(), sign_in(SUCCESS_AT, id="success", **ABROAD | WITH_MFA)],
            ATTACKER,
        ),
        plain_address("NG"),
    )
    line = next(one for one in what_would_change(known) if "suspicious reputation" in one)
    report = ReputationReport(source="AbuseIPDB", score=40)
    geo = GeoLocation(country="NG", is_hosting=False, is_vpn_proxy_service=False)
    worse = combine_reports([report], geo)
    then = score(known.model_copy(update={"address": worse, "ip_reputation_score": 40}))
    assert line.startswith(f"{then.compromise_confidence_score.value} ({then.score}) if")


def test_exclusions_name_signals_that_exist() -> None:
    named = frozenset[str]().union(*_EXCLUDE_EACH_OTHER)
    assert named <= set(CHECKS) == set(load_ruleset().signals)


def test_history_changes_nothing_about_the_form() -> None:
    thin = analyse(
        [
            *failures(12, over=timedelta(minutes=5), **ABROAD),
            sign_in(SUCCESS_AT, id="success", **ABROAD),
        ],
        ATTACKER,
    )
    assert what_would_change(facts(thin, None))
