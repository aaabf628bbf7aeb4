"""Which consents were given to applications since the compromise began.

Okta dates a grant, Microsoft Graph does not: there the audit log's consents tell. A consent for
everybody is never touched, as others work with it.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.models.persistence import ConsentGrant
from shared.playbook.acting.persistence import Chosen, Selection
from shared.playbook.acting.persistence.trail import Consent


def choose_grants(
    grants: Sequence[ConsentGrant],
    *,
    since: datetime | None,
    trail: Sequence[Consent] | None,
) -> Selection:
    """Return what to revoke.

    Args:
        grants: what the account consented to, and what an administrator did for everybody.
        since: when the compromise began; ``None``: not known, so nothing is certain.
        trail: consents since then from the audit log; ``None``: it could not be read.
    """
    own = [one for one in grants if not one.for_everyone]
    if since is None:
        return Selection(tasks=_undated(own, "when the compromise began is not known"))
    new = [one for one in own if one.created_at is not None and one.created_at >= since]
    undated = [one for one in own if one.created_at is None]
    tasks: list[str] = []
    if trail is None:
        tasks = _undated(undated, "when they were given is not known: no audit log could be read")
    else:
        new += [named for one in undated if (named := _in_trail(one, trail))]
        tasks = _for_everyone(trail)
    older = len(own) - len(new)
    return Selection(
        chosen=[Chosen(id=one.id, label=one.label, item=one.to_json()) for one in new],
        tasks=tasks,
        nothing=(
            f"no consent was given since the compromise began ({older} older stay; the audit log "
            "lags by some minutes)"
        ),
    )


def is_new(grant: ConsentGrant, since: datetime | None) -> bool:
    """Whether the directory itself says that the consent was given since then."""
    dated = since is not None and grant.created_at is not None
    return dated and not grant.for_everyone and grant.created_at >= since  # type: ignore[operator]


def _undated(own: Sequence[ConsentGrant], why: str) -> list[str]:
    if not own:
        return []
    names = ", ".join(one.label for one in own)
    return [f"{why}; review these consents and revoke what the user does not know: {names}"]


def _in_trail(grant: ConsentGrant, trail: Sequence[Consent]) -> ConsentGrant | None:
    """Return the grant with its application's name when it was given, or widened, since then."""
    client, resource = grant.client_id.lower(), grant.resource_id.lower()
    about = [one for one in trail if client in one.text and not one.for_everyone]
    if not about:
        return None
    detailed = [one for one in about if "resourceid" in one.text]
    if detailed and not any(resource in one.text for one in detailed):
        return None
    name = next((one.application for one in about if one.application), None)
    return grant.model_copy(update={"client_name": grant.client_name or name})


def _for_everyone(trail: Sequence[Consent]) -> list[str]:
    tasks = [
        f"consent for everybody to {one.application or 'an application'} at "
        f"{one.at.strftime('%Y-%m-%d %H:%M UTC')}: an administrator has to review it, the app "
        "never takes away what others work with"
        for one in trail
        if one.for_everyone
    ]
    return list(dict.fromkeys(tasks))
