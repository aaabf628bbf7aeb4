"""Readable builders of sign-ins: an office account that works from Berlin on weekdays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.models.directory import GeoLocation, ReputationReport
from shared.models.signin import HuntFinding, MfaResult, SignIn
from shared.playbook.confidence.reputation import AddressVerdict, combine_reports
from shared.playbook.confidence.scoring_input import ScoringInput, make_scoring_input
from shared.playbook.sign_ins.analysis import analyse_sign_ins
from shared.playbook.sign_ins.models import SignInAnalysis

ATTACK_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EIGHT_MINUTES = timedelta(minutes=8)
SUCCESS_AT = ATTACK_AT + timedelta(minutes=9)
HOME = "198.51.100.20"
ATTACKER = "203.0.113.7"
USER = "adele@contoso.example"

AT_HOME: dict[str, Any] = {
    "address": HOME,
    "country": "DE",
    "city": "Berlin",
    "latitude": 52.52,
    "longitude": 13.405,
    "device_id": "laptop-1",
    "device_name": "ADELE-LAPTOP",
    "device_compliant": True,
    "operating_system": "Windows 11",
    "browser": "Edge 130",
    "client_app": "Browser",
}
ABROAD: dict[str, Any] = {
    "address": ATTACKER,
    "country": "NG",
    "city": "Lagos",
    "latitude": 6.45,
    "longitude": 3.39,
    "operating_system": "Linux",
    "browser": "Chrome 120",
    "client_app": "Browser",
}
WITH_MFA: dict[str, Any] = {
    "mfa_result": MfaResult.SATISFIED,
    "authentication_requirement": "multiFactorAuthentication",
    "authentication_methods": ["Password", "Mobile app notification"],
}
WITHOUT_MFA: dict[str, Any] = {
    "mfa_result": MfaResult.NOT_REQUIRED,
    "authentication_requirement": "singleFactorAuthentication",
    "authentication_methods": ["Password"],
}


def sign_in(at: datetime, code: str = "0", /, **facts: Any) -> SignIn:
    """One attempt; its id is its time and code unless given."""
    base: dict[str, Any] = {
        "id": f"{at.isoformat()}-{code}-{facts.get('address', '')}",
        "at": at,
        "user_id": "00000000-0000-0000-0000-000000000001",
        "user_principal_name": USER,
        "address": ATTACKER,
        "result_code": code,
    }
    return SignIn(**base | facts)


def failures(count: int, *, over: timedelta, code: str = "50126", **facts: Any) -> list[SignIn]:
    """``count`` guesses evenly spread over a period that starts at ``ATTACK_AT``."""
    gap = over / max(count - 1, 1)
    return [
        sign_in(ATTACK_AT + i * gap, code, id=f"guess-{code}-{i}", **facts) for i in range(count)
    ]


def history(days: int = 20) -> list[SignIn]:
    """Two successes a day from home, one with a second factor."""
    events = []
    for day in range(2, days + 2):
        morning = ATTACK_AT - timedelta(days=day, hours=4)
        events.append(sign_in(morning, **AT_HOME, **WITH_MFA))
        events.append(sign_in(morning + timedelta(hours=5), **AT_HOME, **WITHOUT_MFA))
    return events


def analyse(
    events: list[SignIn],
    *addresses: str,
    reported: datetime | None = None,
    now: datetime = ATTACK_AT + timedelta(minutes=30),
) -> SignInAnalysis:
    """Analyse with the seed's window; "now" is half an hour after the attack began."""
    return analyse_sign_ins(
        events,
        addresses=list(addresses),
        successful_login_time=reported,
        window_minutes=10,
        now=now,
    )


def bad_address() -> AddressVerdict:
    """A hosting address with a bad name."""
    return combine_reports(
        [
            ReputationReport(source="AbuseIPDB", score=100, matches=["AbuseIPDB: 412 reports"]),
            ReputationReport(source="VirusTotal", score=40),
        ],
        GeoLocation(
            country="NG", city="Lagos", asn=64500, network="Rent-a-server", is_hosting=True
        ),
    )


def plain_address(country: str = "DE") -> AddressVerdict:
    """An ordinary access network without any report."""
    return combine_reports(
        [ReputationReport(source="AbuseIPDB", score=0)],
        GeoLocation(country=country, is_hosting=False, is_vpn_proxy_service=False),
    )


def facts(
    analysis: SignInAnalysis | None, address: AddressVerdict | None, **other: Any
) -> ScoringInput:
    """Everything known and quiet, except what is given."""
    known: dict[str, Any] = {
        "user_principal_name": USER,
        "is_admin_role": False,
        "mfa_enabled": True,
        "sign_in_log_complete": True,
        "user_risk": None,
        "findings": [],
    }
    return make_scoring_input(analysis=analysis, address=address, **known | other)


def brute_force(**success: Any) -> SignInAnalysis:
    """25 guesses from abroad in eight minutes, then a success without a second factor."""
    events = [
        *history(),
        *failures(25, over=EIGHT_MINUTES, **ABROAD),
        sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA | success),
    ]
    return analyse(events, ATTACKER)


def stopped(*codes: str) -> SignInAnalysis:
    """The same guesses, and then only these result codes."""
    events = [*history(), *failures(25, over=EIGHT_MINUTES, **ABROAD)]
    events += [sign_in(SUCCESS_AT, code, id=code, **ABROAD) for code in codes]
    return analyse(events, ATTACKER)


def finding(hunt_id: str, at: str) -> HuntFinding:
    """What a hunt found, at one time."""
    return HuntFinding(
        id=hunt_id, title=hunt_id, count=1, summary="s", rows=[{"TimeGenerated": at}]
    )
