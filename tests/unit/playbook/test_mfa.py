"""What happened to multifactor authentication, from Entra's own words."""

from typing import Any

import pytest

from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes.mfa import methods_used, mfa_result


def step(method: str, succeeded: bool, detail: str = "", requirement: str = "") -> dict[str, Any]:
    return {
        "authenticationMethod": method,
        "succeeded": succeeded,
        "authenticationStepResultDetail": detail,
        "authenticationStepRequirement": requirement,
    }


PASSWORD = step("Password", True, "Correct password", "Primary authentication")
PUSH = step("Mobile app notification", True, "MFA completed in Azure AD")
MULTI, SINGLE = "multiFactorAuthentication", "singleFactorAuthentication"


@pytest.mark.parametrize(
    ("code", "requirement", "steps", "additional", "expected"),
    [
        ("0", SINGLE, [PASSWORD], "", MfaResult.NOT_REQUIRED),
        ("0", SINGLE, [], "", MfaResult.NOT_REQUIRED),
        ("0", MULTI, [PASSWORD, PUSH], "", MfaResult.SATISFIED),
        ("0", MULTI, [], "MFA completed in Azure AD", MfaResult.SATISFIED),
        ("0", MULTI, [step("FIDO2 security key", True)], "", MfaResult.SATISFIED),
        ("0", MULTI, [PASSWORD, step("Text message", True)], "", MfaResult.SATISFIED),
        (
            "0",
            MULTI,
            [
                PASSWORD,
                step(
                    "Previously satisfied", True, "MFA requirement satisfied by claim in the token"
                ),
            ],
            "",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        (
            "0",
            MULTI,
            [],
            "MFA requirement satisfied by claim in the token",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        (
            "0",
            SINGLE,
            [step("Previously satisfied", True, "First factor requirement satisfied by claim")],
            "",
            MfaResult.NOT_REQUIRED,
        ),
        (
            "0",
            MULTI,
            [],
            "MFA requirement skipped due to remembered device",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        ("0", MULTI, [], "MFA requirement skipped due to location", MfaResult.NOT_REQUIRED),
        ("0", MULTI, [PASSWORD], "", MfaResult.UNKNOWN),
        ("0", None, [], "", MfaResult.UNKNOWN),
        (
            "0",
            MULTI,
            [step("Mobile app notification", False, "MFA denied; user declined"), PUSH],
            "",
            MfaResult.SATISFIED,
        ),
        ("500121", MULTI, [PASSWORD], "", MfaResult.DENIED),
        ("50074", MULTI, [PASSWORD], "MFA required in Azure AD", MfaResult.DENIED),
        ("50076", MULTI, [], "", MfaResult.DENIED),
        ("50079", MULTI, [], "", MfaResult.DENIED),
        ("53003", MULTI, [PASSWORD], "", MfaResult.UNKNOWN),
        ("53003", MULTI, [PASSWORD, PUSH], "", MfaResult.SATISFIED),
        ("50126", SINGLE, [step("Password", False, "Incorrect password")], "", MfaResult.UNKNOWN),
    ],
)
def test_mfa(
    code: str, requirement: str | None, steps: list[Any], additional: str, expected: MfaResult
) -> None:
    result = mfa_result(
        code=code, requirement=requirement, steps=steps, additional_details=additional
    )
    assert result is expected


def test_methods_are_named_once() -> None:
    assert methods_used([PASSWORD, PUSH, PUSH]) == ["Password", "Mobile app notification"]
