"""The policy about what is done without asking."""

import pytest
from pydantic import ValidationError

from shared.models.plan import MAY_BE_ALLOWED, ActionName
from shared.playbook.planning.plan import MAY_BE_AUTOMATIC
from shared.settings import Settings


def test_a_policy_names_actions() -> None:
    assert Settings().automatic_actions == []
    given = "DisableInboxRules, RevokeOAuthGrants"
    assert Settings(automatic_actions=given).automatic_actions == [  # type: ignore[arg-type]
        ActionName.DISABLE_INBOX_RULES,
        ActionName.REVOKE_OAUTH_GRANTS,
    ]


@pytest.mark.parametrize("name", ["IsolateDevice", "ScanDevice", "DisableAccount", "NoSuchThing"])
def test_what_a_policy_may_never_allow(name: str) -> None:
    with pytest.raises(ValidationError, match="automatic_actions"):
        Settings(automatic_actions=name)  # type: ignore[arg-type]


def test_a_policy_adds_to_the_playbook() -> None:
    assert not MAY_BE_ALLOWED & MAY_BE_AUTOMATIC
