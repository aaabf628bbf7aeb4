"""The response policy as it is in force: every value, and where it comes from."""

from collections.abc import Iterator
from typing import Any

from shared.models.case import OperatingMode
from shared.models.check import Checked, CheckStatus
from shared.policy import (
    PolicyError,
    PolicyFile,
    fingerprint,
    policy_in_force,
    policy_path,
    read_policy,
)
from shared.providers.people import notifiers
from shared.settings import Settings
from shared.yaml_lines import Path

AREA = "Policy"
_NOBODY = "nobody is listed: the app would treat these accounts like all others"

_LINES = {("asking", "escalation"), ("sla", "irt")}
_CHANNELS = {"slack_channel": "slack", "mail_to": "email", "teams_webhook": "teams"}


def check_policy(settings: Settings) -> tuple[bool, list[Checked]]:
    """Return whether the policy can be used, and a line for every value, or for every mistake."""
    try:
        read = read_policy(policy_path(settings))
    except PolicyError as error:
        return False, [
            Checked(
                area=AREA,
                what=one.field or "file",
                status=CheckStatus.MISSING,
                detail=f"{error.file}{f':{one.line}' if one.line else ''}: {one.reason}",
            )
            for one in error.problems
        ]
    mark = Checked(
        area=AREA,
        what="fingerprint",
        status=CheckStatus.OK,
        detail=f"{fingerprint(policy_in_force(settings))}  (in the record of each case it decides)",
    )
    return True, [*(_line(path, value, read, settings) for path, value in _values(read)), mark]


def _values(read: PolicyFile) -> Iterator[tuple[Path, Any]]:
    return _leaves((), read.policy.model_dump(mode="json", by_alias=True))


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    else:
        yield path, value


def _line(path: Path, value: Any, read: PolicyFile, settings: Settings) -> Checked:
    line = read.where.get(path)
    source = f"{read.file}:{line}" if line else "default"
    if path == ("mode",) and settings.mode is not None:
        value, source = settings.mode, f"TOURNIQUET_MODE, over {source}"
    detail, status = f"{_words(value)}  ({source})", CheckStatus.OK
    mode = settings.mode or read.policy.mode
    if path == ("accounts", "break_glass") and not value and mode is not OperatingMode.OBSERVE:
        detail, status = f"{_NOBODY}  ({source})", CheckStatus.WARNING
    if path[:2] == ("sla", "remediation_hours") and value > settings.watch_hours:
        ends = f"the watch ends before, and this clock with it: {settings.watch_hours:g} hours"
        detail, status = f"{detail}; {ends} (TOURNIQUET_WATCH_HOURS)", CheckStatus.WARNING
    if value and path[:-1] in _LINES:
        channel = _CHANNELS[str(path[-1])]
        if channel not in {one.channel for one in notifiers(settings)}:
            says = f"{channel} is not configured: nobody is called there"
            detail, status = f"{detail}; {says}", CheckStatus.WARNING
    return Checked(area=AREA, what=".".join(map(str, path)), status=status, detail=detail)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, {}) else str(value)
