from pathlib import Path

import pytest

from lab.environment import (
    host_environment,
    read_mode,
    read_workers,
    sign_in_environment,
    simulator_settings,
    wants_sign_in,
)
from lab.errors import LabError
from lab.ports import Ports
from lab.scenarios.loader import load_common
from lab.simulators.config import app_environment
from shared.settings import Settings

COMMON = load_common()


def app(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    settings = simulator_settings(COMMON)
    given = app_environment(settings, tls_port=1, smtp_port=2, state_dir=Path("/lab"))
    return given | host_environment(Ports(), Path("/lab/policy.yaml"), "key")


def test_the_app_gets_settings_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    env = app(monkeypatch)
    known = {f"TOURNIQUET_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in env if name.startswith("TOURNIQUET_")} <= known
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.policy_file == "/lab/policy.yaml"
    assert settings.blob_url == "https://127.0.0.1:10000/devstoreaccount1"


def test_secrets_are_new_at_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = app(monkeypatch), app(monkeypatch)
    for name in (
        "AZURE_CLIENT_SECRET",
        "TOURNIQUET_SERVICENOW_PASSWORD",
        "TOURNIQUET_LINK_SIGNING_KEY",
    ):
        assert one[name] != other[name]


def test_azure_credentials_of_a_developer_do_not_reach_the_lab(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "real")
    env = app(monkeypatch)
    assert "real" not in env.values()


def test_the_users_own_settings_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOURNIQUET_SLACK_CHANNEL", "C0MINE")
    monkeypatch.setenv("TOURNIQUET_RECHECK_MINUTES", "7")
    env = app(monkeypatch)
    assert env["TOURNIQUET_SLACK_CHANNEL"] == "C0MINE"
    assert env["TOURNIQUET_RECHECK_MINUTES"] == "7"


def test_mode_and_workers() -> None:
    assert read_mode({"LAB_MODE": "observe"}) == "observe"
    assert read_workers({}) == 2
    assert read_workers({"LAB_WORKERS": "3"}) == 3
    with pytest.raises(LabError, match="LAB_MODE is 'auto', must be one of: observe, approve, "):
        read_mode({"LAB_MODE": "auto"})
    with pytest.raises(LabError, match="LAB_WORKERS is '0'"):
        read_workers({"LAB_WORKERS": "0"})


def test_people_sign_in_where_the_user_wants_it() -> None:
    assert [wants_sign_in({"LAB_SIGN_IN": text}) for text in ("", "0", "1")] == [False, False, True]
    with pytest.raises(LabError, match="LAB_SIGN_IN"):
        wants_sign_in({"LAB_SIGN_IN": "yes"})
    [(name, text)] = sign_in_environment(COMMON).items()
    assert name == "LAB_EASY_AUTH" and "Tourniquet.Approver" in text
