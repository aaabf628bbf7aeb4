"""Entra sign-in result codes: what each says about the password.

Source: Microsoft Entra authentication error codes (learn.microsoft.com, reference-error-codes);
the guessing set is that of Sentinel's "Distributed Password cracking attempts" rule, the
password-was-right set that of Sentinel's "Password spray attack" rule (both MIT).
"""

GUESSING_CODES: dict[str, str] = {
    "50126": "wrong user name or password",
    "50053": "account locked, or address blocked, after too many failures",
    "50055": "password expired",
    "50056": "no password in the store for this account",
}
"""Failures that a password guesser causes; the seed's "failed authentication attempts"."""

MFA_STOP_CODES: dict[str, str] = {
    "50072": "must enrol for multifactor authentication",
    "50074": "multifactor authentication required and not passed",
    "50076": "multifactor authentication required by policy and not passed",
    "50079": "must register for multifactor authentication",
    "50158": "external security challenge not satisfied",
    "500121": "multifactor authentication failed, refused or not answered",
}
"""The password was right and a second factor stopped the sign-in."""

POLICY_STOP_CODES: dict[str, str] = {
    "50005": "conditional access: platform not supported",
    "50097": "device authentication required",
    "50129": "device is not workplace joined",
    "50131": "conditional access: device not in the required state",
    "50155": "device authentication failed",
    "53000": "conditional access: device not compliant",
    "53001": "conditional access: device not domain joined",
    "53002": "conditional access: app not approved",
    "53003": "blocked by conditional access",
    "53004": "must register for multifactor authentication, blocked for risk",
}
"""The password was right and a policy stopped the sign-in."""

PASSWORD_RIGHT_CODES: frozenset[str] = (
    frozenset(MFA_STOP_CODES)
    | frozenset(POLICY_STOP_CODES)
    | {"50055", "50057", "50105", "50133", "50144", "50173"}
)
"""Failures that are only reported after the right password was given.

50055 is also in ``GUESSING_CODES``: a guess that hit a password which has expired.
"""


def describe_code(code: str) -> str:
    """Return what a result code means, or ``other`` for codes that say nothing of the password."""
    for table in (GUESSING_CODES, MFA_STOP_CODES, POLICY_STOP_CODES):
        if code in table:
            return table[code]
    return "success" if code == "0" else "other"
