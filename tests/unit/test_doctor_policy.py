"""What `make doctor` says about the policy: every value in force, and where it comes from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.models.check import Checked, CheckStatus
from shared.settings import Settings
from tools.doctor.environment import check_settings
from tools.doctor.policy import check_policy

POLICY = """\
mode: automatic
accounts:
  vip: [ruth.okafor@contoso.example]
automatic:
  ordinary:
    High: [RevokeSessions]
limits: {privileged_per_hour: 0}
"""


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[bool, dict[str, Checked]]]:
    def check(text: str, mode: str = "") -> tuple[bool, dict[str, Checked]]:
        path = tmp_path / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("TOURNIQUET_POLICY_FILE", str(path))
        monkeypatch.setenv("TOURNIQUET_MODE", mode)
        usable, lines = check_policy(Settings())
        return usable, {
            line.what: line.model_copy(
                update={"detail": line.detail.replace(str(path), "policy.yaml")}
            )
            for line in lines
        }

    return check


def test_each_value_in_force_is_named_with_its_origin(
    examine: Callable[..., tuple[bool, dict[str, Checked]]],
) -> None:
    usable, found = examine(POLICY)
    assert usable
    shown = {name: line.detail for name, line in found.items()}
    assert shown["mode"] == "automatic  (policy.yaml:1)"
    assert shown["accounts.vip"] == "ruth.okafor@contoso.example  (policy.yaml:3)"
    assert shown["automatic.ordinary.High"] == "RevokeSessions  (policy.yaml:6)"
    assert shown["limits.privileged_per_hour"] == "0  (policy.yaml:7)"
    assert shown["limits.automatic_per_hour"] == "10  (default)"
    assert shown["asking.on_silence.Medium"] == "MonitorOnly  (default)"
    assert shown["asking.escalation.slack_channel"] == "none  (default)"
    assert shown["never_block.trusted_named_locations"] == "yes  (default)"
    assert shown["business_hours"] == "none  (default)"


def test_equal_policies_have_equal_fingerprints(
    examine: Callable[..., tuple[bool, dict[str, Checked]]],
) -> None:
    def mark(text: str, mode: str = "") -> str:
        return examine(text, mode)[1]["fingerprint"].detail

    assert mark("mode: observe\n") == mark("limits: {automatic_per_hour: 10}\n")
    assert mark("mode: observe\n") == mark("mode: automatic\n", mode="observe")
    assert mark("mode: observe\n") != mark("mode: automatic\n")
    assert mark("mode: observe\n") != mark("limits: {automatic_per_hour: 11}\n")


def test_the_mode_of_the_settings_is_shown_over_the_files(
    examine: Callable[..., tuple[bool, dict[str, Checked]]],
) -> None:
    _, found = examine(POLICY, mode="approve")
    assert found["mode"].detail == "approve  (TOURNIQUET_MODE, over policy.yaml:1)"


@pytest.mark.parametrize(
    ("mode", "status"), [("observe", CheckStatus.OK), ("approve", CheckStatus.WARNING)]
)
def test_whoever_acts_without_break_glass_accounts_is_warned(
    examine: Callable[..., tuple[bool, dict[str, Checked]]], mode: str, status: CheckStatus
) -> None:
    _, found = examine(POLICY, mode=mode)
    assert found["accounts.break_glass"].status is status


def test_a_remediation_that_outlasts_the_watch_is_warned_of(
    examine: Callable[..., tuple[bool, dict[str, Checked]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOURNIQUET_WATCH_HOURS", "12")
    _, found = examine(POLICY)
    lines = {name: line for name, line in found.items() if name.startswith("sla.remediation")}
    states = {name.rpartition(".")[2]: line.status for name, line in lines.items()}
    ok, warning = CheckStatus.OK, CheckStatus.WARNING
    assert states == {"High": ok, "Medium": ok, "Low": warning, "Informational": warning}
    assert "TOURNIQUET_WATCH_HOURS" in found["sla.remediation_hours.Low"].detail
    assert found["sla.review_minutes"].detail == "15  (default)"


def test_a_second_line_on_a_channel_that_is_not_configured_is_warned_of(
    examine: Callable[..., tuple[bool, dict[str, Checked]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = POLICY + "asking: {escalation: {slack_channel: C0L2, mail_to: [l2@contoso.example]}}\n"
    monkeypatch.delenv("TOURNIQUET_SLACK_BOT_TOKEN", raising=False)
    monkeypatch.setenv("TOURNIQUET_SMTP_HOST", "localhost")
    _, found = examine(text)
    place = found["asking.escalation.slack_channel"]
    assert place.status is CheckStatus.WARNING
    assert "slack is not configured" in place.detail
    assert found["asking.escalation.mail_to"].status is CheckStatus.OK


def test_each_mistake_is_a_line_and_nothing_else_is_looked_at(
    examine: Callable[..., tuple[bool, dict[str, Checked]]],
) -> None:
    usable, found = examine("mode: automatic\nautomtic: {}\nlimits: {automatic_per_hour: ten}\n")
    assert not usable
    assert {line.status for line in found.values()} == {CheckStatus.MISSING}
    assert found["automtic"].detail == "policy.yaml:2: there is no such field"
    assert found["limits.automatic_per_hour"].detail.startswith("policy.yaml:3: Input should be")
    settings, lines = check_settings({})
    assert settings is None, "nobody is asked about a tenant under a policy that is not meant"
    assert "automtic" in {line.what for line in lines}
