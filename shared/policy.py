"""The policy in force: one file, read once, refused as a whole when anything in it is wrong.

``TOURNIQUET_POLICY_FILE`` names the file, from the folder of ``host.json`` when it is relative;
without it the policy that ships counts. ``TOURNIQUET_MODE``, when set, wins over the file's mode:
the switch at hand. For activities and triggers only; an orchestrator gets what it needs with its
case, because a changed policy must not change what has been decided.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.models.case import OperatingMode
from shared.models.policy import Policy
from shared.settings import Settings, get_settings
from shared.yaml_lines import Path, YamlError, read_yaml

ROOT = File(__file__).resolve().parents[1]
DEFAULT_FILE = File(__file__).with_name("default_policy.yaml")
_UNKNOWN = "there is no such field"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: in which line (from 1, if it can be told), in which field, why."""

    line: int | None
    field: str
    reason: str


class PolicyError(Exception):
    """The policy cannot be used; the text names file, line, field and reason of every problem."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join([f"the policy cannot be used ({file}):", *self.lines()]))

    def lines(self) -> list[str]:
        """Return one sentence for each problem."""
        return [
            ": ".join(
                part
                for part in (
                    self.file + (f":{one.line}" if one.line else ""),
                    one.field,
                    one.reason,
                )
                if part
            )
            for one in self.problems
        ]


@dataclass(frozen=True)
class PolicyFile:
    """A policy as a file states it, and where in the file each of its values stands."""

    file: str
    policy: Policy
    where: dict[Path, int]
    """Lines, from 1, by the path of keys; what is not in it is a default."""


@cache
def get_policy() -> Policy:
    """Return the policy of this process, read once, with the mode in force.

    Raises:
        PolicyError: the file cannot be used.
        pydantic.ValidationError: a setting has a wrong value.
    """
    return policy_in_force(get_settings())


def policy_in_force(settings: Settings) -> Policy:
    """Return the policy that these settings name, with the mode in force.

    Raises:
        PolicyError: the file cannot be used.
    """
    policy = read_policy(policy_path(settings)).policy
    return policy if settings.mode is None else policy.model_copy(update={"mode": settings.mode})


def observes(settings: Settings) -> bool:
    """Return whether the app only observes under these settings.

    Raises:
        PolicyError: the file cannot be used.
    """
    return policy_in_force(settings).mode is OperatingMode.OBSERVE


def decides_in_slack(settings: Settings) -> bool:
    """Return whether a button in Slack can be a decision; else none is offered, and none is taken.

    It takes Slack's signature, our own signed token, and somebody whom the policy names.

    Raises:
        PolicyError: the file cannot be used.
    """
    keys = (settings.slack_signing_secret, settings.link_signing_key)
    return None not in keys and bool(policy_in_force(settings).asking.approvers.slack)


def fingerprint(policy: Policy) -> str:
    """Return what a case keeps of the policy that it was decided by: equal policies, equal text."""
    return hashlib.sha256(policy.model_dump_json(by_alias=True).encode()).hexdigest()[:16]


def policy_path(settings: Settings) -> File:
    """Return the file that these settings name; a relative one is beside ``host.json``."""
    return ROOT / settings.policy_file if settings.policy_file else DEFAULT_FILE


def read_policy(path: File) -> PolicyFile:
    """Return what a policy file says.

    Raises:
        PolicyError: there is no such file, it is not YAML, or anything in it is wrong.
    """
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    try:
        document, lines = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(name, [Problem(None, "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise PolicyError(name, [Problem(None, "", "it is not UTF-8 text")]) from error
    except YamlError as error:
        raise PolicyError(name, [Problem(error.line, "", error.reason)]) from error
    if not isinstance(document, dict):
        why = "it is empty" if document is None else "fields are expected, like mode: observe"
        raise PolicyError(name, [Problem(None, "", why)])
    try:
        return PolicyFile(name, Policy.model_validate(document), lines)
    except ValidationError as error:
        problems = [_problem(one, lines) for one in error.errors(include_url=False)]
        problems.sort(key=lambda problem: problem.line or 0)
        raise PolicyError(name, problems) from error


def _problem(error: ErrorDetails, lines: dict[Path, int]) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        reason = _UNKNOWN
    elif error["type"] == "missing":
        reason = "it must be given"
    elif "[key]" not in error["loc"] and not isinstance(error["input"], dict | list):
        reason += f" (it is {error['input']!r})"
    known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in lines), ())
    return Problem(lines.get(known), ".".join(str(part) for part in path), reason)
