"""The policy file: read as meant, or refused with the line and the reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.models.account_kind import AccountKind
from shared.models.plan import ActionName
from shared.models.policy import Policy
from shared.models.verdict import Confidence
from shared.policy import DEFAULT_FILE, PolicyError, get_policy, read_policy


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_file_that_ships_says_the_defaults_and_observes() -> None:
    read = read_policy(DEFAULT_FILE)
    assert read.policy == Policy()
    assert read.policy.mode == "observe"
    # Every field stands in it, so that whoever copies it sees what can be said.
    assert {path[0] for path in read.where if path} == {*Policy.model_fields} - {"business_hours"}


def test_what_a_file_says_is_what_counts(written: Callable[[str], Path]) -> None:
    read = read_policy(
        written(
            """\
mode: automatic
automatic:
  vip:
    High: [RevokeSessions]
business_hours: {time_zone: Europe/Berlin, from: "22:00", to: 06:00, outside: approve}
asking:
  on_silence: {High: [RevokeSessions, BlockIP]}
"""
        )
    )
    policy = read.policy
    assert policy.allows(ActionName.REVOKE_SESSIONS, AccountKind.VIP, Confidence.HIGH)
    assert not policy.allows(ActionName.REVOKE_SESSIONS, AccountKind.VIP, Confidence.MEDIUM)
    # What is not listed is asked: the file's list replaces the default one.
    assert not policy.allows(ActionName.REVOKE_SESSIONS, AccountKind.ORDINARY, Confidence.HIGH)
    assert policy.asking.silence(Confidence.HIGH) == ["RevokeSessions", "BlockIP"]
    assert policy.asking.silence(Confidence.MEDIUM) == ["MonitorOnly"]
    assert read.where["automatic", "vip", "High"] == 4


@pytest.mark.parametrize(
    ("text", "line", "field", "reason"),
    [
        ("mode: observe\nmoode: automatic\n", 2, "moode", "no such field"),
        ("mode: sometimes\n", 1, "mode", "'sometimes'"),
        ("mode: observe\nmode: automatic\n", 2, "", "given twice, first in line 1"),
        ("automatic:\n  break_glass:\n    High: [BlockIP]\n", 2, "automatic.break_glass", "never"),
        ("automatic:\n  vop: {}\n", 2, "automatic.vop", "'vip'"),
        (
            "automatic:\n  ordinary:\n    High:\n      - BlockIP\n      - IsolateDevice\n",
            5,
            "automatic.ordinary.High.1",
            "IsolateDevice is never done without asking",
        ),
        ("automatic:\n  vip:\n    High: [NoAction]\n", 3, "automatic.vip.High.0", "never done"),
        ("automatic:\n  vip:\n    High: [Explode]\n", 3, "automatic.vip.High.0", "'Explode'"),
        ("automatic:\n  vip:\n    Low: [BlockIP]\n", 3, "automatic.vip.Low", "nothing is planned"),
        ("never_block:\n  addresses:\n    - 10.0.0.0/33\n", 3, "never_block.addresses.0", "CIDR"),
        ("never_block:\n  addresses: [10.0.0.1/8]\n", 2, "never_block.addresses.0", "host bits"),
        (
            "business_hours:\n  time_zone: Europe/Berln\n",
            2,
            "business_hours.time_zone",
            "time zone",
        ),
        ("business_hours:\n  time_zone: UTC\n", 1, "business_hours.from", "must be given"),
        (
            "business_hours: {time_zone: UTC, from: 8, to: '9:00'}\n",
            1,
            "business_hours.from",
            '"08:00"',
        ),
        (
            "business_hours:\n  {time_zone: UTC, days: [mon, mon], from: '08:00', to: '09:00'}\n",
            2,
            "business_hours.days",
            "each once",
        ),
        (
            "business_hours: {time_zone: UTC, from: '08:00', to: '08:00'}\n",
            1,
            "business_hours",
            "same",
        ),
        ("asking:\n  on_silence: {High: NoAction}\n", 2, "asking.on_silence.High.0", "never done"),
        ("asking:\n  on_silence: {High: []}\n", 2, "asking.on_silence.High", "at least one"),
        (
            "asking:\n  on_silence:\n    High: [MonitorOnly, BlockIP]\n",
            3,
            "asking.on_silence.High",
            "combined",
        ),
        ("asking:\n  on_silence:\n    Low: BlockIP\n", 2, "asking.on_silence", "Low confidence"),
        ("asking:\n  on_silence:\n    Hihg: BlockIP\n", 3, "asking.on_silence.Hihg", "'High'"),
        (
            "asking:\n  deadline_minutes: 10\n  reminder_minutes: 10\n",
            3,
            "asking.reminder_minutes",
            "not before the deadline",
        ),
        ("asking:\n  two_persons: [break_glass]\n", 2, "asking.two_persons.0", "never touched"),
        ("asking:\n  two_persons: [unknown]\n", 2, "asking.two_persons.0", "not known"),
        ("automatic:\n  unknown: {}\n", 2, "automatic.unknown", "not known"),
        ("asking:\n  approvers: {slack: [lead]}\n", 2, "asking.approvers.slack.0", "pattern"),
        ("limits: {automatic_per_hour: true}\n", 1, "limits.automatic_per_hour", "integer"),
        (
            "limits:\n\n  directory_share_percent: 0\n",
            3,
            "limits.directory_share_percent",
            "than 0",
        ),
        ("limits: {automatic_per_hour: -1}\n", 1, "limits.automatic_per_hour", "it is -1"),
        ("accounts:\n  vip:\n", 2, "accounts.vip", "list"),
        ("accounts:\n  vip: [a@b.example, a@b.example]\n", 2, "accounts.vip", "named twice"),
        ("accounts:\n  vip: [12345]\n", 2, "accounts.vip.0", "string"),
        ("mode: [observe\n", 2, "", "expected"),
        ("mode: !!python/name:os.system\n", 1, "", "no place here"),
        ("---\nmode: observe\n---\nmode: approve\n", 3, "", "another document"),
        ("mode: &m\n  - *m\n", 1, "", "nested too deeply"),
        ("mode: !!set {observe}\n", 1, "", "no place here"),
        ("? [a, b]\n: c\n", 1, "", "plain word"),
        ("- mode\n", None, "", "fields are expected"),
        ("# nothing\n", None, "", "it is empty"),
    ],
)
def test_a_wrong_policy_is_refused_with_line_field_and_reason(
    written: Callable[[str], Path], text: str, line: int | None, field: str, reason: str
) -> None:
    path = written(text)
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    found = next(one for one in caught.value.problems if one.field == field)
    assert found.line == line
    assert reason in found.reason
    where = f"{path}:{line}" if line else str(path)
    assert where in str(caught.value) and found.reason in str(caught.value)


def test_every_problem_is_named_in_the_order_of_the_file(written: Callable[[str], Path]) -> None:
    path = written("limits:\n  automatic_per_hour: many\nmode: never\nasked: {}\n")
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    assert [(one.line, one.field) for one in caught.value.problems] == [
        (2, "limits.automatic_per_hour"),
        (3, "mode"),
        (4, "asked"),
    ]


@pytest.mark.parametrize("content", [b"mode: \xff\n", b"mode: \x00\n"])
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError):
        read_policy(path)


def test_a_file_that_is_not_there_is_an_error_not_the_default(
    configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(policy_file=str(tmp_path / "gone.yaml"))
    with pytest.raises(PolicyError, match="cannot be read"):
        get_policy()


def test_the_mode_of_the_settings_wins_over_the_file(
    configure: Callable[..., None], written: Callable[[str], Path]
) -> None:
    path = written("mode: automatic\nlimits: {automatic_per_hour: 3}\n")
    configure(policy_file=str(path))
    assert get_policy().mode == "automatic"
    configure(policy_file=str(path), mode="approve")
    assert (get_policy().mode, get_policy().limits.automatic_per_hour) == ("approve", 3)
