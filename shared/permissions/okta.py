"""Okta: OAuth scopes of the service app, or what the API token's owner may do.

Source: Okta Management API reference, 2026.06.3 (scopes of each operation).
"""

from functools import partial

from shared.permissions.need import Need, Section

_okta = partial(Need, section=Section.OKTA, vendor="okta", setting="okta_url")
BY_HAND = "Action `failed`, analysts told at once to do it by hand."

OKTA_NEEDS: tuple[Need, ...] = (
    _okta(
        purpose="The account's profile, its groups, factors and consents",
        operations=("users.get", "users.groups.list", "users.factors.list", "users.grants.list"),
        calls=("GET /api/v1/users/{id}",),
        permission="okta.users.read",
        without="Block `AD_User_Enrichment` partial; every identity action on an Okta account "
        "fails, because the state is read before it is changed.",
    ),
    _okta(
        purpose="Administrator roles",
        operations=("users.roles.list",),
        permission="okta.roles.read",
        without="Roles unknown: everything is asked.",
    ),
    _okta(
        purpose="When sessions were last cleared (read-back)",
        operations=("logs.list",),
        permission="okta.logs.read",
        without="`RevokeSessions` cannot be verified.",
        optional=True,
    ),
    _okta(
        purpose="Suspend and unsuspend (undo), reset the password, clear sessions and tokens, "
        "remove factors and consents",
        operations=(
            "users.suspend",
            "users.unsuspend",
            "users.reset_password",
            "users.sessions.delete",
            "users.factors.delete",
            "users.grants.delete",
        ),
        permission="okta.users.manage",
        without=BY_HAND,
        changes=True,
    ),
)
