"""What `make doctor` says of who may decide, and of the accounts that are never touched."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.bootstrap import build_providers
from shared.models.check import CheckStatus
from shared.policy import get_policy
from shared.settings import Settings, get_settings
from tests.contract.processes import Lab
from tools.doctor.people import check_break_glass, check_deciding

NAME, OBJECT_ID = "way.in@contoso.example", "7d0c2a9e-1111-4000-8000-0000000000aa"
OK, WARNING, OFF = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.OFF


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Put a policy in force."""

    def use(text: str) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("TOURNIQUET_POLICY_FILE", str(path))
        get_settings.cache_clear()
        get_policy.cache_clear()

    yield use
    monkeypatch.undo()
    get_settings.cache_clear()
    get_policy.cache_clear()


@pytest.mark.parametrize(
    ("listed", "status", "detail"),
    [
        (f"[{NAME}, {OBJECT_ID}]", OK, "listed by name and object id"),
        (f"[{NAME.upper()}]", WARNING, f"list its object id as well, .*: {OBJECT_ID}"),
        (f"[{OBJECT_ID}]", WARNING, f"list its name as well, .*: {NAME}"),
        ("[gone@contoso.example]", WARNING, "no directory has it under this name"),
    ],
)
async def test_a_break_glass_account_is_wanted_by_name_and_object_id(
    lab: Lab,
    make_settings: Callable[..., Settings],
    policy: Callable[[str], None],
    listed: str,
    status: CheckStatus,
    detail: str,
) -> None:
    users = [{"id": OBJECT_ID, "userPrincipalName": NAME, "accountEnabled": True}]
    lab.tenant(directory={"users": users})
    policy(f"accounts: {{break_glass: {listed}}}")
    settings = make_settings()
    [line] = await check_break_glass(settings, build_providers(settings))
    assert line.status is status
    assert re.search(detail, line.detail), line.detail


async def test_an_account_that_cannot_be_looked_up_is_no_account_that_is_missing(
    lab: Lab, make_settings: Callable[..., Settings], policy: Callable[[str], None]
) -> None:
    lab.fault("entra", "status", value=403)
    policy(f"accounts: {{break_glass: [{NAME}]}}")
    settings = make_settings()
    [line] = await check_break_glass(settings, build_providers(settings))
    assert line.status is WARNING
    assert "cannot be looked up" in line.detail and "misspelt" not in line.detail


SECRETS = {"slack_signing_secret": "theirs", "link_signing_key": "ours", "slack_bot_token": "xoxb"}
TWO = "asking: {two_persons: [vip], approvers: {slack: [U0ANA, U0LEE]}}"


@pytest.mark.parametrize(
    ("text", "given", "signs_in", "expected"),
    [
        ("{}", {}, False, {"the page": OK}),
        ("{}", {"slack_bot_token": "xoxb"}, False, {"the page": OK, "Slack": OFF}),
        ("{}", SECRETS, True, {"the page": OK, "Slack": WARNING}),
        (TWO, SECRETS, False, {"the page": OK, "Slack": OK, "two people": OK}),
        (
            TWO,
            {**SECRETS, "slack_signing_secret": None},
            False,
            {"the page": OK, "Slack": WARNING, "two people": WARNING},
        ),
        ("asking: {two_persons: [vip]}", {}, True, {"the page": OK, "two people": OK}),
        (
            "asking: {two_persons: [vip], approvers: {slack: [U0ANA]}}",
            SECRETS,
            False,
            {"the page": OK, "Slack": OK, "two people": WARNING},
        ),
        ("asking: {approvers: {roles: []}}", {}, True, {"the page": WARNING}),
    ],
)
def test_who_may_decide(
    monkeypatch: pytest.MonkeyPatch,
    policy: Callable[[str], None],
    text: str,
    given: dict[str, str | None],
    signs_in: bool,
    expected: dict[str, CheckStatus],
) -> None:
    policy(text)
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True" if signs_in else "")
    lines = check_deciding(Settings.model_validate({"link_signing_key": "ours"} | given))
    assert {line.what: line.status for line in lines} == expected
