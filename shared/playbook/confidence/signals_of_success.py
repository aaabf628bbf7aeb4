"""Checks of the suspicious success: how it came about, from where, on what.

Each answers with the evidence, ``False`` when it was looked for and is not there, ``None`` when it
could not be looked for.
"""

from collections.abc import Callable
from datetime import datetime

from shared.models.signin import MfaResult
from shared.playbook.sign_ins.detection import FAILURE_THRESHOLD
from shared.playbook.sign_ins.models import SignInAnalysis, SuccessfulLogin
from shared.playbook.sign_ins.travel import is_impossible_travel

MANY_FAILURES = 10
"""Failures of Sentinel's "Brute force attack against Azure Portal"."""
SOME_FAILURES = 5
"""Failures of the hunt ``failures_then_success``; at home they are slips."""
GUESSING_COUNTRIES = 3
"""Countries of wrong passwords within a day, as places in Sentinel's "Distributed Password cracking
attempts"; a traveller with a VPN has two."""
FATIGUE_REFUSALS = 5
"""Refusals in an hour before an accepted factor; a slip of the thumb is one or two."""
FAR_KM = 500.0
PHISHING_RESISTANT = ("fido", "passkey", "windows hello", "certificate")
CLOSED_RISK = frozenset({"dismissed", "remediated", "confirmedsafe"})
"""``riskState`` values, lower case, of a risk that somebody has dealt with."""

type Answer = str | bool | None


def clock(at: datetime) -> str:
    """Format an instant as people read it in evidence: UTC to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def brute_force(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of the trigger of seed 004."""
    found = analysis.brute_force
    if found is None:
        return False
    codes = ", ".join(f"{code} x{count}" for code, count in found.codes.items())
    return (
        f"{found.failed_attempts} failed attempts ({codes}) from {found.address} between "
        f"{clock(found.first_failure_at)} and {clock(found.last_failure_at)}, then a success at "
        f"{clock(found.success_at)} (sign-in {found.success_id})."
    )


def many_failures(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of more failures than a forgetful person needs."""
    if analysis.failed_logins_count < MANY_FAILURES:
        return False
    return (
        f"{analysis.failed_logins_count} failed attempts from {login.address} before the success "
        f"at {clock(login.time)} (sign-in {login.id})."
    )


def slow_guessing(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of patient guessing; an own forgotten device does it from a known address."""
    if analysis.first_seen_address is not True or analysis.guesses <= FAILURE_THRESHOLD:
        return False
    since = f" since {clock(analysis.first_guess_at)}" if analysis.first_guess_at else ""
    return (
        f"{analysis.guesses} failed attempts from {login.address}{since}, then a success at "
        f"{clock(login.time)} (sign-in {login.id})."
    )


def failures_from_new_address(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of more slips than usual at an address without earlier successes."""
    if analysis.first_seen_address is not True or analysis.failed_logins_count < SOME_FAILURES:
        return False
    return (
        f"{analysis.failed_logins_count} failed attempts from {login.address}, where the account "
        f"never succeeded before, then a success at {clock(login.time)}."
    )


def distributed_guessing(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of guessing through proxies, which no count for one address shows."""
    countries = analysis.guessing_countries
    return len(countries) >= GUESSING_COUNTRIES and (
        f"Wrong passwords from {', '.join(countries)} in the day before the success at "
        f"{clock(login.time)}."
    )


def mfa_fatigue(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a factor accepted after repeated refusals."""
    result = analysis.mfa_result_successful_login
    if analysis.mfa_refusals < FATIGUE_REFUSALS:
        return False
    if result in (None, MfaResult.UNKNOWN):
        return None
    return result is MfaResult.SATISFIED and (
        f"{analysis.mfa_refusals} second factors refused or unanswered (500121) in the hour before "
        f"one was accepted at {clock(login.time)}."
    )


def mfa_really_used(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a second factor used at this very sign-in.

    It tells nothing of a device code: the factor is that of whoever typed the code, the token goes
    to whoever made it.
    """
    result = analysis.mfa_result_successful_login
    if result in (None, MfaResult.UNKNOWN):
        return None
    if result is not MfaResult.SATISFIED or mfa_fatigue(analysis, login):
        return False
    if analysis.new_device_code:
        return False
    methods = ", ".join(login.authentication_methods) or "method not named"
    return f"Second factor satisfied at {clock(login.time)}: {methods} (sign-in {login.id})."


def mfa_phishing_resistant(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a factor that a fake page cannot relay."""
    used = mfa_really_used(analysis, login)
    methods = " ".join(login.authentication_methods).lower()
    return used and any(word in methods for word in PHISHING_RESISTANT) and used


def impossible_travel(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of two places too far apart in time; between usual places it is habit."""
    answer = is_impossible_travel(analysis.travel_km, analysis.travel_km_per_hour)
    if answer and usual_place(analysis, login):
        return False
    return answer and (
        f"{analysis.travel_km:.0f} km at {analysis.travel_km_per_hour:.0f} km/h since the last "
        f"success from another address, to reach {_place(login)} at {clock(login.time)}."
    )


def new_country(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a country without earlier successes."""
    return analysis.new_country and (
        f"{_place(login)} at {clock(login.time)}; not among the countries of "
        f"{analysis.history_successes} earlier successes on {analysis.history_days} days."
    )


def far_from_usual(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a place far from the usual ones."""
    km = analysis.login_location_variance
    if km is None:
        return None
    return km >= FAR_KM and f"{_place(login)} is {km:.0f} km from the nearest usual place."


def usual_country(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a country with earlier successes; a thin history has none."""
    if analysis.new_country is None or analysis.thin_history:
        return None
    return not analysis.new_country and (
        f"{login.country} is among the countries of {analysis.history_successes} earlier successes."
    )


def usual_place(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a usual place; a thin history has none."""
    km = analysis.login_location_variance
    if km is None or analysis.thin_history:
        return None
    return km == 0 and f"{_place(login)} is a usual place of the account."


def known_address(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of an address with earlier successes; a thin history is no comfort."""
    if analysis.first_seen_address is None or analysis.thin_history:
        return None
    return not analysis.first_seen_address and (
        f"{login.address} is among the addresses of {analysis.history_successes} earlier successes."
    )


def trusted_location(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a named location that an administrator trusts."""
    if login.trusted_location is None:
        return None
    return login.trusted_location and f"{login.address} is in a trusted named location."


def usual_network(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a network that the account often comes from."""
    if analysis.usual_network is None or analysis.thin_history:
        return None
    return analysis.usual_network and (
        f"{login.address} is in a network of many of {analysis.history_successes} earlier "
        "successes."
    )


def new_network(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a network without earlier successes."""
    return analysis.new_network and (
        f"{login.address} is in a network that none of {analysis.history_successes} earlier "
        "successes came from."
    )


def new_app(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of an app that the account never used."""
    return analysis.new_app and (
        f"{login.app} was not used in {analysis.history_successes} earlier successes."
    )


def first_seen_address(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of an address without earlier successes."""
    return analysis.first_seen_address and (
        f"{login.address} is not among the addresses of "
        f"{analysis.history_successes} earlier successes."
    )


def new_device(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a device without earlier successes."""
    return analysis.new_device and f"{_device(login)} was not seen in earlier successes."


def known_device(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a known device id; system and browser are easily imitated."""
    if analysis.new_device is None or analysis.thin_history or not login.device_id:
        return None
    return not analysis.new_device and f"{_device(login)} was used in earlier successes."


def known_compliant_device(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a known device that is managed and compliant."""
    known = known_device(analysis, login)
    return known and bool(login.device_compliant) and f"{known} It is managed and compliant."


def unusual_hour(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of an unusual time of day."""
    return analysis.unusual_hour and (
        f"{clock(login.time)} is more than two hours from any earlier success's time of day."
    )


def legacy_protocol(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a protocol without second factors that is not the account's habit."""
    if analysis.usual_client and not analysis.thin_history:
        return False
    how = f"Client app {login.client_app}" if login.client_app else "Protocol"
    protocol = f" ({login.authentication_protocol})" if login.authentication_protocol else ""
    return analysis.legacy_protocol and f"{how}{protocol} at {clock(login.time)}."


def sign_in_risk(level: str) -> Callable[[SignInAnalysis, SuccessfulLogin], Answer]:
    """Make a check of Identity Protection's rating; one that was closed is no evidence."""

    def check(_: SignInAnalysis, login: SuccessfulLogin) -> Answer:
        if not login.risk_level:
            return None
        if (login.risk_state or "").lower() in CLOSED_RISK:
            return False
        return login.risk_level.lower() == level and f"Risk level {level} at {clock(login.time)}."

    return check


def _place(login: SuccessfulLogin) -> str:
    return ", ".join(part for part in (login.city, login.country) if part) or "the address's place"


def _device(login: SuccessfulLogin) -> str:
    named = login.device or login.device_id
    kind = " / ".join(part for part in (login.operating_system, login.browser) if part)
    return f"Device {named or kind or 'not named'}"
