"""The facts that scoring looks at, and which of the critical ones are known."""

from collections.abc import Sequence

from shared.models.base import Model
from shared.models.directory import UserRisk
from shared.models.signin import HuntFinding, MfaResult
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.sign_ins.models import SignInAnalysis


class ScoringInput(Model):
    """Inputs of ``Compromise_Confidence_Scoring``: the seed's eight, then what they rest on.

    ``None`` means not known: the provider failed, or it has no such fact. It is different from
    ``False``, 0 and the empty list, which were observed.
    """

    user_principal_name: str | None = None
    is_admin_role: bool | None = None
    """Impact only: never changes the score."""
    mfa_enabled: bool | None = None
    mfa_status_at_login: str | None = None
    ip_reputation_score: int | None = None
    geo_country: str | None = None
    login_location_variance: float | None = None
    mfa_result_successful_login: MfaResult | None = None

    analysis: SignInAnalysis | None = None
    """``None`` when the sign-in log could not be read at all."""
    sign_in_log_complete: bool = True
    """``False`` when the log said that rows or tables are missing."""
    address: AddressVerdict | None = None
    """The verdict on the analysis's ``suspicious_address``; ``None`` when nothing answered."""
    user_risk: UserRisk | None = None
    findings: list[HuntFinding] | None = None
    """``None`` when the hunts could not run."""


def make_scoring_input(
    *,
    user_principal_name: str | None,
    is_admin_role: bool | None,
    mfa_enabled: bool | None,
    analysis: SignInAnalysis | None,
    sign_in_log_complete: bool,
    address: AddressVerdict | None,
    user_risk: UserRisk | None,
    findings: Sequence[HuntFinding] | None,
) -> ScoringInput:
    """Build the input so that the seed's eight agree with the facts they come from."""
    return ScoringInput(
        user_principal_name=user_principal_name,
        is_admin_role=is_admin_role,
        mfa_enabled=mfa_enabled,
        mfa_status_at_login=analysis.mfa_status_at_login if analysis else None,
        ip_reputation_score=address.ip_reputation_score if address else None,
        geo_country=address.geo_country if address else None,
        login_location_variance=analysis.login_location_variance if analysis else None,
        mfa_result_successful_login=analysis.mfa_result_successful_login if analysis else None,
        analysis=analysis,
        sign_in_log_complete=sign_in_log_complete,
        address=address,
        user_risk=user_risk,
        findings=list(findings) if findings is not None else None,
    )


def has_success(facts: ScoringInput) -> bool | None:
    """Whether the suspicious address succeeded; ``None`` when the log could not be read."""
    if facts.analysis is None or not facts.analysis.attempts:
        return None
    return facts.analysis.successful_login_details is not None


def known_inputs(facts: ScoringInput) -> dict[str, bool]:
    """Return which critical inputs are known; the names are those of the ruleset.

    Without a success there is no result of multifactor authentication to know. Of a success that
    only the alert reports, the log knows nothing.
    """
    analysis = facts.analysis
    success = has_success(facts)
    logged = success is not None and not (analysis and analysis.success_only_reported)
    mfa_known = facts.mfa_result_successful_login not in (None, MfaResult.UNKNOWN)
    return {
        "sign_ins": logged,
        "mfa_result": logged and (not success or mfa_known),
        "sign_in_log_complete": logged and facts.sign_in_log_complete,
        "address_reputation": facts.ip_reputation_score is not None,
        "location": (
            facts.geo_country is not None
            or facts.login_location_variance is not None
            or (analysis is not None and analysis.new_country is not None)
        ),
        "user": facts.user_principal_name is not None and facts.mfa_enabled is not None,
    }
