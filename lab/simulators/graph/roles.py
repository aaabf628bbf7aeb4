"""Who may reset or disable whom: Microsoft's table for sensitive actions.

Source: learn.microsoft.com/graph/api/resources/users ("Who can perform sensitive actions" and
"Who can reset passwords"). Rows are the target's role, the app's own directory role decides.
"""

from typing import Any

_ANYONE = frozenset({"Privileged Authentication Administrator", "Global Administrator"})
_USER = _ANYONE | {"User Administrator"}
_AUTHENTICATION = _ANYONE | {"Authentication Administrator"}
_HELPDESK = frozenset({"Helpdesk Administrator"})
_PASSWORD = frozenset({"Password Administrator"})

_MAY_ACT_ON: dict[str, frozenset[str]] = {
    "Directory Readers": _USER | _AUTHENTICATION | _HELPDESK | _PASSWORD,
    "Guest Inviter": _USER | _AUTHENTICATION | _HELPDESK | _PASSWORD,
    "Password Administrator": _USER | _AUTHENTICATION | _HELPDESK | _PASSWORD,
    "Message Center Reader": _USER | _AUTHENTICATION | _HELPDESK,
    "Reports Reader": _USER | _AUTHENTICATION | _HELPDESK,
    "Usage Summary Reports Reader": _USER | _AUTHENTICATION | _HELPDESK,
    "Helpdesk Administrator": _USER | _HELPDESK,
    "Groups Administrator": _USER,
    "User Administrator": _USER,
    "Authentication Administrator": _AUTHENTICATION,
}
_PLAIN_USER = _USER | _AUTHENTICATION | _HELPDESK | _PASSWORD


def may_act(app_roles: list[str], memberships: list[dict[str, Any]], *, role_needed: bool) -> bool:
    """Whether an app holding ``app_roles`` may do a sensitive action on this target.

    Args:
        app_roles: directory roles of the app's service principal.
        memberships: the target's ``transitiveMemberOf``.
        role_needed: whether the action asks for a directory role even on a plain user (a
            password change does, enabling or disabling does not).
    """
    roles = [m["displayName"] for m in memberships if _is_role(m) and m.get("displayName")]
    guarded = any(m.get("isAssignableToRole") for m in memberships)
    held = frozenset(app_roles)
    if not roles and not guarded:
        return not role_needed or bool(held & _PLAIN_USER)
    needed = [_ANYONE] if guarded else []
    needed += [_MAY_ACT_ON.get(role, _ANYONE) for role in roles]
    return all(held & allowed for allowed in needed)


def _is_role(membership: dict[str, Any]) -> bool:
    return str(membership.get("@odata.type", "")).endswith("directoryRole")
