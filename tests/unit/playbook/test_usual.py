"""What is normal for the account, and what a stolen session looks like beside it."""

from datetime import timedelta
from typing import Any

import pytest

from shared.models.directory import GeoLocation, ReputationReport
from shared.models.signin import MfaResult, SignIn
from shared.models.verdict import Verdict
from shared.playbook.confidence.reputation import AddressVerdict, combine_reports
from shared.playbook.confidence.scoring import score
from shared.playbook.sign_ins.models import SignInAnalysis
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    HOME,
    SUCCESS_AT,
    WITH_MFA,
    WITHOUT_MFA,
    analyse,
    facts,
    history,
    plain_address,
    sign_in,
)

OFFICE_ASN, VPN_ASN = 64496, 64500
PHONE: dict[str, Any] = {
    "interactive": False,
    "mfa_result": MfaResult.SATISFIED_BY_CLAIM,
    "country": "NG",
    "operating_system": "Linux",
    "browser": "Chrome 120",
}


def past(**facts_of_all: Any) -> list[SignIn]:
    """The usual history with these facts in every sign-in."""
    return [event.model_copy(update=facts_of_all) for event in history()]


def found(*events: SignIn, **success: Any) -> SignInAnalysis:
    """Analyse these events and a success abroad with these facts."""
    base = ABROAD | WITHOUT_MFA | success
    return analyse([*events, sign_in(SUCCESS_AT, id="success", **base)], base["address"])


def ids(verdict: Verdict) -> dict[str, float]:
    return {reason.id: reason.weight for reason in verdict.reasons}


def vpn() -> AddressVerdict:
    geo = GeoLocation(country="NG", asn=VPN_ASN, is_hosting=False, is_vpn_proxy_service=True)
    return combine_reports([ReputationReport(source="AbuseIPDB", score=0)], geo)


def test_network_app_and_device_code_are_compared_with_the_past() -> None:
    known = past(asn=OFFICE_ASN, app="OfficeHome", authentication_protocol="none")
    new = found(*known, asn=VPN_ASN, app="Azure CLI", authentication_protocol="deviceCode")
    assert (new.new_network, new.usual_network) == (True, False)
    assert (new.new_app, new.new_device_code) == (True, True)
    same = found(*known, asn=OFFICE_ASN, app="OfficeHome", authentication_protocol="none")
    assert (same.new_network, same.usual_network) == (False, True)
    assert (same.new_app, same.new_device_code) == (False, False)
    assert {"new_network", "new_app", "device_code"} <= set(ids(score(facts(new, None))))


def test_what_the_log_does_not_name_is_not_known() -> None:
    silent = found(*history())
    for name in ("new_network", "usual_network", "new_app", "new_device_code", "new_device_code"):
        assert getattr(silent, name) is None, name
    assert silent.session_named is False


def test_a_vpn_that_the_account_always_uses_says_nothing() -> None:
    through = {"asn": VPN_ASN, "country": "NL"}
    usual = score(facts(found(*past(**through), asn=VPN_ASN), vpn()))
    first = score(facts(found(*past(asn=OFFICE_ASN), asn=VPN_ASN), vpn()))
    assert "anonymiser" not in ids(usual)
    assert "usual_network" in ids(usual)
    assert "anonymiser" in ids(first)
    assert usual.score < first.score


def test_a_vpn_explains_half_of_an_impossible_travel() -> None:
    lately = sign_in(SUCCESS_AT - timedelta(minutes=20), id="home", **AT_HOME)
    analysis = found(*history(), lately)
    plain, hidden = ids(score(facts(analysis, plain_address()))), ids(score(facts(analysis, vpn())))
    assert plain["impossible_travel"] == 1.8
    assert "impossible_travel" not in hidden
    assert "impossible_travel_by_vpn" in hidden


def test_jumping_between_two_usual_places_is_habit() -> None:
    elsewhere = ABROAD | {"address": "198.51.100.99"}
    both = [
        event
        for day in range(2, 20)
        for event in (
            sign_in(ATTACK_AT - timedelta(days=day), id=f"a{day}", **AT_HOME),
            sign_in(ATTACK_AT - timedelta(days=day, minutes=9), id=f"b{day}", **elsewhere),
        )
    ]
    lately = sign_in(SUCCESS_AT - timedelta(minutes=20), id="home", **AT_HOME)
    analysis = found(*both, lately)
    assert analysis.travel_km_per_hour and analysis.travel_km_per_hour > 900
    assert "impossible_travel" not in ids(score(facts(analysis, plain_address("NG"))))


def test_new_things_count_half_while_history_is_thin() -> None:
    thin = found(sign_in(ATTACK_AT - timedelta(days=3), id="old", **AT_HOME))
    assert thin.thin_history
    verdict = score(facts(thin, None))
    assert ids(verdict)["new_country"] == 0.6
    reason = next(one for one in verdict.reasons if one.id == "new_country")
    assert reason.evidence.endswith("the account has little history.")
    assert ids(score(facts(found(*history()), None)))["new_country"] == 1.2


@pytest.mark.parametrize("state", ["dismissed", "remediated", "confirmedSafe"])
def test_a_risk_that_was_dealt_with_is_no_evidence(state: str) -> None:
    risky = {"risk_level": "high", "risk_state": "atRisk"}
    assert "sign_in_risk_high" in ids(score(facts(found(*history(), **risky), None)))
    closed = ids(score(facts(found(*history(), **risky | {"risk_state": state}), None)))
    assert not closed.keys() & {"sign_in_risk_high", "sign_in_risk_medium"}
    assert ("confirmed_safe" in closed) is (state == "confirmedSafe")


def test_trusted_location_mitigates() -> None:
    inside = ids(score(facts(found(*history(), trusted_location=True), None)))
    assert inside["trusted_location"] == -1.0


def test_one_session_on_two_systems_is_stolen() -> None:
    own = sign_in(SUCCESS_AT - timedelta(hours=3), id="own", session_id="s1", **AT_HOME, **WITH_MFA)
    analysis = found(*history(), own, session_id="s1")
    assert analysis.session_elsewhere is not None
    assert analysis.session_elsewhere.misfit == "another operating system"
    assert ids(score(facts(analysis, None)))["session_elsewhere"] == 2.0


def test_a_laptop_that_changes_network_keeps_its_session_in_peace() -> None:
    train = AT_HOME | {"address": ATTACKER, "city": "Leipzig", "latitude": 51.3, "longitude": 12.4}
    own = sign_in(SUCCESS_AT - timedelta(hours=3), id="own", session_id="s1", **AT_HOME)
    analysis = found(*history(), own, session_id="s1", **train)
    assert analysis.session_named
    assert analysis.session_elsewhere is None
    assert "session_elsewhere" not in ids(score(facts(analysis, None)))


def test_one_token_from_two_addresses_is_stolen() -> None:
    own = sign_in(SUCCESS_AT - timedelta(hours=1), id="own", token_id="t1", **AT_HOME)
    moved = AT_HOME | {"address": ATTACKER}
    other = found(*history(), own, token_id="t1", **moved).session_elsewhere
    assert other is not None
    assert (other.what, other.address) == ("token", HOME)


def test_a_token_in_a_country_where_nobody_signed_in() -> None:
    analysis = found(*past(asn=OFFICE_ASN), asn=VPN_ASN, **PHONE)
    assert analysis.refresh_without_sign_in is True
    assert analysis.everything_new is True
    weights = ids(score(facts(analysis, None)))
    assert (weights["stolen_token"], weights["refresh_without_sign_in"]) == (1.5, 0.0)


def test_a_traveller_who_signed_in_there_has_tokens_there() -> None:
    there = sign_in(SUCCESS_AT - timedelta(hours=2), id="there", **ABROAD, **WITH_MFA)
    analysis = found(*history(), there, **PHONE | {"address": "203.0.113.9"})
    assert analysis.refresh_without_sign_in is False


def test_of_two_successes_behind_one_address_the_new_device_is_the_suspect() -> None:
    lately = SUCCESS_AT - timedelta(minutes=36)
    own = sign_in(lately, id="own", **AT_HOME, **WITH_MFA)
    phone = {"device_id": "phone-1", "operating_system": "iOS", "browser": "Safari"}
    new = sign_in(SUCCESS_AT, id="new", **AT_HOME | phone | WITH_MFA)
    login = analyse([*history(), own, new], HOME).successful_login_details
    assert login is not None
    assert login.id == "new"
