"""What has to be true before the account goes back to its owner, as far as the record knows.

Source: the recovery phase of seed 000's runbook; an account that is given back while a way in is
left open is taken over again.
"""

from typing import NamedTuple

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.models.undoing import did_not_hold
from shared.pages.answer import Tone
from shared.pages.text import when

_WAYS_BACK = {
    "inbox_rules": ("Mailbox rules and forwarding", ActionName.DISABLE_INBOX_RULES),
    "oauth_consent": ("Consents to applications", ActionName.REVOKE_OAUTH_GRANTS),
    "mfa_method_changes": ("Sign-in methods", ActionName.REMOVE_AUTHENTICATION_METHODS),
    "role_assignments": ("Roles", None),
}


class Check(NamedTuple):
    """One condition: ``good`` holds, ``bad`` does not, ``warn`` is for a person to see to."""

    tone: Tone
    label: str
    text: str


def recovery(case: CaseRecord) -> list[Check]:
    """Return the conditions; nothing for a case without verdict or account, or a Low one."""
    verdict = case.verdict
    if case.account is None or verdict is None or verdict.compromise_confidence_score == "Low":
        return []
    return [
        _done(case, ActionName.FORCE_PASSWORD_RESET, "Password", "replaced"),
        _done(case, ActionName.REVOKE_SESSIONS, "Sessions", "ended"),
        *(_way_back(case, hunt) for hunt in _WAYS_BACK),
        _second_factor(case),
        _device(case),
        _held(case),
        Check("warn", "Owner", "whether the owner was rung and told is for the ticket to say"),
    ]


def _done(case: CaseRecord, action: ActionName, label: str, word: str) -> Check:
    found = [one for one in _outcomes(case, action) if one.undone is None]
    if any(one.status is ActionStatus.SUCCEEDED and one.verified is True for one in found):
        return Check("good", label, f"{word} and verified")
    if any(one.status is ActionStatus.SUCCEEDED and one.verified is None for one in found):
        return Check("warn", label, f"{word}, not verified: check by hand")
    return Check("bad", label, f"NOT {word} by this case")


def _way_back(case: CaseRecord, hunt: str) -> Check:
    label, action = _WAYS_BACK[hunt]
    found = _outputs(case, BlockName.ACTIVITY)
    ran = hunt in (found.get("queries_run") or [])
    cut = {line.partition(":")[0] for line in found.get("incomplete_queries") or []}
    if not ran or hunt in cut:
        return Check("warn", label, "NOT searched to the end: look by hand")
    rows = [one for one in found.get("findings") or [] if one.get("id") == hunt]
    if not rows:
        return Check("good", label, "searched, nothing found")
    count = f"{rows[0].get('count')} found"
    cleared = [
        one
        for one in (_outcomes(case, action) if action else [])
        if one.status is ActionStatus.SUCCEEDED and one.verified is True
    ]
    if cleared and cleared[0].undone is None:
        return Check("good", label, f"{count}; what is not the owner's was taken away, verified")
    if cleared:
        return Check("warn", label, f"{count}; taken away, then given back: see who asked for it")
    return Check("bad", label, f"{count}, NOT taken away by this case: see the next steps")


def _second_factor(case: CaseRecord) -> Check:
    enabled = _outputs(case, BlockName.USER).get("mfa_enabled")
    if enabled is None:
        return Check("warn", "Second factor", "not known whether one is registered")
    if enabled:
        return Check("good", "Second factor", "registered")
    return Check("bad", "Second factor", "none registered: have it done before the account is used")


def _device(case: CaseRecord) -> Check:
    scans = _outcomes(case, ActionName.SCAN_DEVICE)
    if any(one.status is ActionStatus.SUCCEEDED for one in scans):
        return Check("good", "Devices", "a scan was ordered: read its result in the EDR console")
    login = _outputs(case, BlockName.SIGN_INS).get("successful_login_details") or {}
    if name := login.get("device"):
        return Check("bad", "Devices", f"the login came from {name}, which was NOT scanned")
    return Check("warn", "Devices", "the login named none; the endpoint logons are evidence")


def _held(case: CaseRecord) -> Check:
    found = case.recheck
    if found is None:
        return Check("warn", "After the containment", "sign-ins are not looked at again yet")
    at = when(found.at)
    if did_not_hold(case):
        return Check("bad", "After the containment", f"did NOT hold ({at}): {found.detail}")
    if found.held:
        return Check("good", "After the containment", f"nobody came back in (looked on {at})")
    return Check("warn", "After the containment", f"could not be told ({at}): {found.detail}")


def _outcomes(case: CaseRecord, action: ActionName) -> list[ActionOutcome]:
    return [one for one in case.actions if one.action is action]


def _outputs(case: CaseRecord, name: BlockName) -> Json:
    block = case.blocks.get(name)
    return block.outputs if block else {}
