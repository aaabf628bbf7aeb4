"""The response policy of the lab's app: a file of its own, as a deployment has one."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from lab.environment import read_mode
from lab.errors import LabError
from lab.scenarios.merge import deep_merge
from lab.scenarios.models import Common
from shared.models.base import Json
from shared.models.case import OperatingMode
from shared.policy import ROOT, PolicyError, read_policy

# A lab plays in an hour what a SOC sees in a month, with a directory of a handful of people.
_PLAY = {
    "limits": {
        "automatic_per_hour": 1000,
        "privileged_per_hour": 1000,
        "directory_share_percent": 100.0,
        "privileged_share_percent": 100.0,
    }
}


def lab_policy(
    common: Common,
    env: Mapping[str, str],
    *,
    mode: OperatingMode | None = None,
    over: Json | None = None,
) -> Json:
    """Return the policy to run with, as its file states it.

    Args:
        common: the organisation, with the policy that all scenarios share.
        env: the user's environment; a ``TOURNIQUET_POLICY_FILE`` in it takes the place of the
            organisation's policy, ``LAB_MODE`` that of the mode.
        mode: the mode that a scenario is about, before all others.
        over: what a scenario changes.

    Raises:
        LabError: the user's file cannot be used, or ``LAB_MODE`` is none.
    """
    own = env.get("TOURNIQUET_POLICY_FILE")
    if own:
        base = _read(ROOT / own)
        stated = base.get("mode", OperatingMode.OBSERVE)
        usual = read_mode(env) if env.get("LAB_MODE") else OperatingMode(stated)
    else:
        base, usual = deep_merge(_PLAY, common.policy), read_mode(env)
    return deep_merge(base, over or {}) | {"mode": str(mode or usual)}


def write_policy(path: Path, policy: Json) -> None:
    """Write a policy and read it as the app will.

    Raises:
        LabError: the app would refuse it; the message says where and why.
    """
    path.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
    try:
        read_policy(path)
    except PolicyError as error:
        raise LabError(str(error)) from error


def _read(path: Path) -> Json:
    try:
        read_policy(path)
    except PolicyError as error:
        raise LabError(str(error)) from error
    document: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document
