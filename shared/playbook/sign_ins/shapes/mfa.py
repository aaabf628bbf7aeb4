"""What happened to multifactor authentication at a sign-in, read from its log row.

Source: Microsoft's "Use the sign-in logs to review multifactor authentication events"
(``AuthenticationDetails``, the result texts) and the Entra authentication error codes. The texts
are the only place where Entra says whether a factor was used now or an earlier one counted.
"""

from collections.abc import Sequence
from typing import Any

from shared.models.base import Json
from shared.models.signin import MfaResult

STOPPED_AT_SECOND_FACTOR = frozenset({"50072", "50074", "50076", "50079", "50158", "500121"})
"""The second factor was asked for and not given: enrolment demanded, prompt open, refused."""
STRONG_IN_ONE_STEP = (
    "fido2",
    "passkey",
    "windows hello",
    "passwordless",
    "certificate",
    "platform credential",
    "temporary access pass",
)
FIRST_FACTORS = ("", "password", "previously satisfied", "federated", "not applicable")
_CLAIM_WORDS = ("satisfied by claim", "remembered device", "previously satisfied")
_DONE_WORDS = ("mfa completed", "mfa successfully completed", "satisfied by strong authentication")
_SKIPPED_WORDS = ("skipped", "not required", "does not require mfa")


def mfa_result(
    *, code: str, requirement: str | None, steps: Sequence[Json], additional_details: str
) -> MfaResult:
    """Judge one sign-in.

    Args:
        code: result code, ``0`` is success.
        requirement: ``AuthenticationRequirement``.
        steps: ``AuthenticationDetails``.
        additional_details: ``Status.additionalDetails``.
    """
    if code in STOPPED_AT_SECOND_FACTOR:
        return MfaResult.DENIED
    seen = {_judge_step(step) for step in steps} | {_judge_text(additional_details)}
    if MfaResult.SATISFIED in seen:
        return MfaResult.SATISFIED
    if MfaResult.DENIED in seen:
        return MfaResult.DENIED
    if MfaResult.SATISFIED_BY_CLAIM in seen:
        return MfaResult.SATISFIED_BY_CLAIM
    asked = (requirement or "").lower()
    skipped = MfaResult.NOT_REQUIRED in seen
    if code == "0" and (asked == "singlefactorauthentication" or skipped):
        return MfaResult.NOT_REQUIRED
    return MfaResult.UNKNOWN


def methods_used(steps: Sequence[Json]) -> list[str]:
    """Return the names of the methods of a sign-in's steps, in order, each once."""
    names = [text for step in steps if (text := _text(step, "authenticationMethod"))]
    return list(dict.fromkeys(names))


def _judge_step(step: Json) -> MfaResult | None:
    method = _text(step, "authenticationMethod").lower()
    detail = _text(step, "authenticationStepResultDetail").lower()
    succeeded = str(step.get("succeeded")).lower() == "true"
    by_text = _judge_text(detail)
    # "Satisfied by claim" without a word about MFA is the first factor's claim.
    if by_text is MfaResult.SATISFIED_BY_CLAIM and "first factor" in detail:
        return None
    if by_text is not None:
        return by_text
    if any(word in method for word in STRONG_IN_ONE_STEP):
        return MfaResult.SATISFIED if succeeded else MfaResult.DENIED
    if _is_second_factor(step, method):
        return MfaResult.SATISFIED if succeeded else MfaResult.DENIED
    return None


def _is_second_factor(step: Json, method: str) -> bool:
    requirement = _text(step, "authenticationStepRequirement").lower()
    if any(method.startswith(first) for first in FIRST_FACTORS if first) or not method:
        return False
    return "primary" not in requirement and "single" not in requirement


def _judge_text(text: str) -> MfaResult | None:
    lowered = text.lower()
    if "mfa denied" in lowered or "authentication failed during strong" in lowered:
        return MfaResult.DENIED
    if any(word in lowered for word in _CLAIM_WORDS):
        return MfaResult.SATISFIED_BY_CLAIM
    if any(word in lowered for word in _DONE_WORDS):
        return MfaResult.SATISFIED
    if any(word in lowered for word in _SKIPPED_WORDS):
        return MfaResult.NOT_REQUIRED
    return None


def _text(step: Json, name: str) -> str:
    value: Any = step.get(name)
    return value.strip() if isinstance(value, str) else ""
