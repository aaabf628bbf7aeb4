"""Checks of what the success was made with: a code, a token, a session, a row of machines.

Each answers as those of ``signals_of_success``.
"""

from shared.playbook.confidence.signals_of_success import Answer, clock
from shared.playbook.sign_ins.models import SignInAnalysis, SuccessfulLogin
from shared.playbook.sign_ins.platform_sweep import SWEPT_PLATFORMS


def device_code(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a token that went to another device by a code, for the first time."""
    return analysis.new_device_code and (
        f"Device code flow at {clock(login.time)}, never before on this account."
    )


def session_elsewhere(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of one session or token on two machines or at two places."""
    if not analysis.session_named:
        return None
    other = analysis.session_elsewhere
    if other is None:
        return False
    where = ", ".join(part for part in (other.address, other.country, other.device) if part)
    return (
        f"The same {other.what} was used at {clock(other.at)} from {where}: {other.misfit} "
        f"(sign-in {login.id})."
    )


def stolen_token(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a token used where country, network, address and machine are new."""
    return analysis.everything_new and (
        f"Token used without a person at {clock(login.time)} from {login.address}: country, "
        f"network, address and machine are all new (sign-in {login.id})."
    )


def refresh_without_sign_in(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a token used in a country in which nobody signed in."""
    return analysis.refresh_without_sign_in and (
        f"Token used at {clock(login.time)} in {login.country}, where no person signed in "
        f"(sign-in {login.id})."
    )


def platform_sweep(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
    """Return evidence of a tool that tries a password as one kind of machine after the other."""
    if not analysis.platforms:
        return None
    return len(analysis.platforms) >= SWEPT_PLATFORMS and (
        f"The right password came from {login.address} as {', '.join(analysis.platforms)} within "
        f"minutes of {clock(login.time)}."
    )
