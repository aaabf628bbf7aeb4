"""The settings to look at: the environment, and under it a settings file as the host reads it."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from shared.models.check import Checked, CheckStatus
from shared.permissions import NEEDS
from shared.settings import Settings
from tools.doctor.policy import check_policy

AREA = "Settings"


class SettingsFileError(Exception):
    """The settings file cannot be used; the message says why."""


def read_values(path: Path) -> dict[str, str]:
    """Return the ``Values`` of a ``local.settings.json``.

    Raises:
        SettingsFileError: there is no such file, or it has another shape.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        values = document["Values"]
        return {str(name): str(value) for name, value in values.items()}
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise SettingsFileError(f'{path} is not JSON with an object "Values"') from error


def check_settings(values: Mapping[str, str]) -> tuple[Settings | None, list[Checked]]:
    """Return the settings, ``None`` when they or the policy are wrong, and a line for each value.

    Pydantic's own words about a value are used, never the value: it may be a secret.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        return None, [
            Checked(
                area=AREA,
                what=f"TOURNIQUET_{'_'.join(str(part) for part in one['loc'][:1]).upper()}",
                status=CheckStatus.MISSING,
                detail=one["msg"],
            )
            for one in error.errors(include_input=False, include_url=False)
        ]
    known = {f"TOURNIQUET_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name for name in values if name.startswith("TOURNIQUET_") and name not in known
    )
    lines = [
        Checked(
            area=AREA,
            what=name,
            status=CheckStatus.WARNING,
            detail="there is no such setting; is it misspelt?",
        )
        for name in unknown
    ]
    usable, policy = check_policy(settings)
    lines = [*lines, *_basics(settings), *policy, *_features(settings)]
    return settings if usable else None, lines


def _basics(settings: Settings) -> list[Checked]:
    """What no vendor is asked about."""
    lines: list[Checked] = []
    for name, value, without in (
        ("BLOB_URL", settings.blob_url, "no case record: nobody can be told anything"),
        (
            "LOG_ANALYTICS_WORKSPACE_ID",
            settings.log_analytics_workspace_id,
            "no sign-ins, no hunts: every verdict is Medium",
        ),
        (
            "SERVICENOW_URL or TOURNIQUET_SMTP_HOST",
            settings.servicenow_url or settings.smtp_host or settings.mail_via,
            "neither ticket nor emergency e-mail",
        ),
    ):
        if not value:
            lines.append(_absent(name, without, CheckStatus.MISSING))
    if settings.link_signing_key is None:
        without = "no signed links in tickets and messages: people must sign in (Easy Auth)"
        lines.append(_absent("LINK_SIGNING_KEY", without, CheckStatus.WARNING))
    else:
        lines.append(
            Checked(
                area=AREA, what="TOURNIQUET_LINK_SIGNING_KEY", status=CheckStatus.OK, detail="set"
            )
        )
    return lines


def _absent(name: str, without: str, status: CheckStatus) -> Checked:
    return Checked(
        area=AREA, what=f"TOURNIQUET_{name}", status=status, detail=f"not set: {without}"
    )


def _features(settings: Settings) -> list[Checked]:
    """Return one line for each part that a setting switches on or off."""
    parts: dict[str, list[str]] = {}
    states: dict[str, bool] = {}
    for need in NEEDS:
        if need.setting:
            parts.setdefault(need.switched_on_by, []).append(need.purpose)
            states[need.switched_on_by] = need.is_on(settings)
    return [
        Checked(
            area="Features",
            what=name,
            status=CheckStatus.OK if states[name] else CheckStatus.OFF,
            detail="; ".join(dict.fromkeys(purposes)),
        )
        for name, purposes in parts.items()
    ]
