"""PingID's authentication log: pushes answered, refused or left unanswered.

One record per push; ``POLICY`` records only say which policy asked for it. Source: the samples of
Splunk's Attack Data for T1621 (Apache-2.0).
"""

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes.entra import make_id
from shared.playbook.sign_ins.shapes.row import Row

_REFUSED = "500121"
_PAIRED = "device paired"


def is_pingid_answer(row: Row) -> bool:
    """Whether a record says how a push ended; pairing a device is no sign-in."""
    result = row.row("result")
    status, message = result.text("status") or "policy", result.text("message") or ""
    return status.lower() != "policy" and not message.lower().startswith(_PAIRED)


def read_pingid(row: Row) -> SignIn | None:
    """Return the sign-in of a PingID answer, ``None`` without a usable time or status.

    Raises:
        ValueError: the record has a value that no sign-in can have.
    """
    at = row.time("recorded")
    result = row.row("result")
    words = [word.strip().lower() for word in (result.text("status") or "").split(",")]
    message = result.text("message") or ""
    succeeded = words == ["success"]
    failed = "failure" in words
    if at is None or not (succeeded or failed):
        return None
    user = next((Row(actor).text("name") for actor in row.objects("actors")), None)
    resource = Row(next(iter(row.objects("resources")), {}))
    address = resource.address("ipaddress")
    method = resource.text("devicemodel")
    code = "0" if succeeded else _REFUSED
    return SignIn(
        id=row.text("id") or make_id(row, at, user, address, code),
        at=at,
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=message,
        app=message.partition(" ")[0] or None,
        authentication_methods=[f"PingID on {method}" if method else "PingID"],
        mfa_result=MfaResult.SATISFIED if succeeded else MfaResult.DENIED,
        notes=[*row.notes, *resource.notes],
    )
