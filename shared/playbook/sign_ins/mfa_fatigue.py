"""MFA fatigue: prompt after prompt is refused or left unanswered until one is approved.

The intruder has the password and signs in again and again; every attempt that the user refuses or
ignores is one 500121. The approval counts when it comes soon after and from an address that the
account had no success from before: a user whose phone is slow at home is not under attack.

The same condition as a Sentinel rule: ``infra/detections/mfa_fatigue.yaml``.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from shared.models.base import UtcDatetime
from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.detected import Detection, name_of
from shared.playbook.sign_ins.detection import distinct_attempts, external_source_of, user_of

REFUSED_CODE = "500121"
"""Entra: authentication failed during the strong authentication request."""
REFUSED_PROMPTS = 5
"""More prompts than this must have been refused. Source: Elastic's hunt "Multi-Factor
Authentication (MFA) Push Notification Bombing", more than 5 denied in an hour. Sentinel's "MFA
Spamming followed by Successful login" wants more than 10 within 5 minutes, which a person who taps
one prompt after another does not reach."""
WINDOW = timedelta(hours=1)
APPROVED_WITHIN = timedelta(minutes=10)
"""The approval follows the last refusal within this time."""


class MfaFatigue(Detection):
    """An account whose user approved a prompt after refusing many."""

    refused_prompts: int
    first_refusal_at: UtcDatetime
    last_refusal_at: UtcDatetime


def find_mfa_fatigue(events: Sequence[SignIn]) -> list[MfaFatigue]:
    """Return every account and address with an approval after many refusals, oldest first.

    Args:
        events: sign-ins in any order, of one user or several; each user is judged alone.
    """
    attempts: dict[str, list[SignIn]] = defaultdict(list)
    for event in distinct_attempts(events):
        if event.succeeded or event.result_code == REFUSED_CODE:
            attempts[user_of(event)].append(event)
    found = [fatigue for own in attempts.values() for fatigue in _of_user(own)]
    return sorted(found, key=lambda fatigue: (fatigue.sign_in_at, fatigue.user, fatigue.address))


def _of_user(attempts: list[SignIn]) -> Iterable[MfaFatigue]:
    refusals = [event for event in attempts if not event.succeeded]
    if len(refusals) <= REFUSED_PROMPTS:
        return
    seen: set[str] = set()
    for event in attempts:
        address = external_source_of(event) if event.succeeded else None
        if address is None or address in seen:
            continue
        seen.add(address)
        if not _second_factor_asked(event):
            continue
        near = [r for r in refusals if timedelta(0) <= event.at - r.at <= WINDOW]
        if len(near) > REFUSED_PROMPTS and event.at - near[-1].at <= APPROVED_WITHIN:
            yield MfaFatigue(
                user=user_of(event),
                user_principal_name=name_of(event),
                address=address,
                sign_in_id=event.id,
                sign_in_at=event.at,
                detected_at=event.at,
                refused_prompts=len(near),
                first_refusal_at=near[0].at,
                last_refusal_at=near[-1].at,
            )


def _second_factor_asked(event: SignIn) -> bool:
    """Whether the sign-in needed a second factor; logs that do not say so say how it ended."""
    if event.authentication_requirement:
        return event.authentication_requirement.lower() == "multifactorauthentication"
    return event.mfa_result is MfaResult.SATISFIED
