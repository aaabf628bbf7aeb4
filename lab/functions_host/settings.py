"""What the host reads: host.json, local.settings.json, the environment and the access keys."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

# https://learn.microsoft.com/azure/azure-functions/functions-host-json#functiontimeout
_DEFAULT_TIMEOUT = "00:30:00"
_CORES = os.cpu_count() or 1
_KEY_NAMES = {
    "function": "LAB_FUNCTION_KEY",
    "master": "LAB_MASTER_KEY",
    "system": "LAB_SYSTEM_KEY",
}
BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
"""The host's own setting: how many bytes a request's body may have.

https://learn.microsoft.com/azure/azure-functions/functions-app-settings
"""
_DEFAULT_BODY_LIMIT = 100 * 1024 * 1024
EASY_AUTH = "LAB_EASY_AUTH"
"""App Service authentication, JSON of ``easy_auth.EasyAuthSettings``; unset: nobody signs in."""
TIMER_SPEED = "LAB_TIMER_SPEED"
"""How many times sooner durable timers fire; unset: when they should."""


class HostSettingsError(Exception):
    """A settings file cannot be used; the message names the file and what is wrong."""


class _HostModel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class HttpSettings(_HostModel):
    """`extensions.http` of host.json."""

    route_prefix: str = "api"


class DurableSettings(_HostModel):
    """`extensions.durableTask` of host.json; the defaults are the extension's."""

    hub_name: str = "TestHubName"
    default_version: str | None = None
    max_concurrent_activity_functions: int = 10 * _CORES
    max_concurrent_orchestrator_functions: int = 10 * _CORES
    max_concurrent_entity_functions: int = 10 * _CORES
    overridable_existing_instance_states: Literal["AnyState", "NonRunningStates"] = (
        "NonRunningStates"
    )


class Extensions(_HostModel):
    """`extensions` of host.json, as far as the lab's host follows it."""

    http: HttpSettings = Field(default_factory=HttpSettings)
    durable_task: DurableSettings = Field(default_factory=DurableSettings)


class HostJson(_HostModel):
    """host.json."""

    version: Literal["2.0"]
    function_timeout: str | None = _DEFAULT_TIMEOUT
    extensions: Extensions = Field(default_factory=Extensions)

    @property
    def timeout_seconds(self) -> float | None:
        """`functionTimeout` in seconds; None for "-1", no limit."""
        return None if self.function_timeout in (None, "-1") else _seconds(self.function_timeout)


def _seconds(span: str | None) -> float:
    """Read a .NET TimeSpan, `[d.]hh:mm:ss[.fff]`."""
    match = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)", span or "")
    if match is None:
        raise HostSettingsError(f"host.json: functionTimeout {span!r} is not hh:mm:ss")
    days, hours, minutes, seconds = match.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)


def read_host_json(app_dir: Path) -> HostJson:
    """Read the app's host.json.

    Raises:
        HostSettingsError: There is none, or it is not a valid one.
    """
    path = app_dir / "host.json"
    try:
        return HostJson.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError) as error:
        raise HostSettingsError(f"{path}: {error}") from error


def worker_environment(app_dir: Path, given: Mapping[str, str] | None) -> dict[str, str]:
    """The app's settings: local.settings.json, then this process's environment, then `given`.

    Raises:
        HostSettingsError: local.settings.json is not valid.
    """
    path = app_dir / "local.settings.json"
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = json.loads(path.read_text("utf-8")).get("Values", {})
        except ValueError as error:
            raise HostSettingsError(f"{path}: {error}") from error
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(app_dir),
        **{name: str(value) for name, value in values.items()},
        **os.environ,
        **(given or {}),
    }


def without_keys(env: Mapping[str, str]) -> dict[str, str]:
    """The settings as the app sees them: the host's own, access keys among them, are not for it."""
    own = {*_KEY_NAMES.values(), EASY_AUTH, TIMER_SPEED}
    return {name: value for name, value in env.items() if name not in own}


def timer_speed(env: Mapping[str, str]) -> float:
    """Return how many times sooner than they should durable timers fire; 1 without a setting.

    Raises:
        HostSettingsError: it is not a number of at least 1.
    """
    text = env.get(TIMER_SPEED, "") or "1"
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 1000:
        raise HostSettingsError(f"{TIMER_SPEED} is {text!r}, must be a number from 1 to 1000")
    return speed


def body_limit(env: Mapping[str, str]) -> int:
    """Return how many bytes a request's body may have; like the host's, a wrong limit is none.

    Over it this front answers 413. The real host refuses, too, but was seen to answer 500
    (Azure/azure-functions-host#10519).
    """
    text = env.get(BODY_LIMIT, "").strip()
    return int(text) if text.isdecimal() and int(text) else _DEFAULT_BODY_LIMIT


def expand(expression: str, env: Mapping[str, str]) -> str:
    """Replace each `%NAME%` of a binding expression by the app setting of that name.

    Raises:
        HostSettingsError: The setting is missing.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in env:
            raise HostSettingsError(f"the app setting {match[1]} of {expression!r} is missing")
        return env[match[1]]

    return re.sub(r"%([^%]+)%", value, expression)


def _octets(key: str) -> bytes:
    # A header can hold bytes that are not UTF-8; they arrive as lone surrogates.
    return key.encode("utf-8", "surrogateescape")


def _new_key() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class HostKeys:
    """The host's access keys: default function key, master key, and the extensions' system key."""

    function: str = field(default_factory=_new_key)
    master: str = field(default_factory=_new_key)
    system: str = field(default_factory=_new_key)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> HostKeys:
        """Take LAB_FUNCTION_KEY, LAB_MASTER_KEY and LAB_SYSTEM_KEY; make those that are missing."""
        return cls(
            **{name: env[setting] for name, setting in _KEY_NAMES.items() if env.get(setting)}
        )

    def allow(self, level: str, given: str) -> bool:
        """Whether the key `given` opens an endpoint of this authorization level.

        Levels: anonymous, function, system, admin. The master key opens all of them; the system
        key opens nothing but extension webhooks.
        https://learn.microsoft.com/azure/azure-functions/function-keys-how-to
        """
        opened_by = {
            "anonymous": None,
            "function": (self.function, self.master),
            "system": (self.system, self.master),
            "admin": (self.master,),
        }[level.lower()]
        if opened_by is None:
            return True
        # Every comparison is made: which key matched must not show in the time taken.
        matches = [secrets.compare_digest(_octets(given), _octets(key)) for key in opened_by]
        return any(matches)
