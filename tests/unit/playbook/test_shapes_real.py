"""Real sign-ins of several shapes (see tests/data/sign_ins/README.md)."""

import csv
import json
from pathlib import Path

import yaml

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes import Reading, Shape, read_sign_in
from shared.playbook.sign_ins.shapes.envelopes import unwrap

DATA = Path("tests/data/sign_ins")


def read_file(name: str) -> list[Reading]:
    path = DATA / name
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return [read_sign_in(row) for row in csv.DictReader(file)]
        if path.suffix == ".yml":
            return [read_sign_in(row) for row in unwrap(yaml.safe_load(file))]
        return [read_sign_in(json.loads(line)) for line in file]


def sign_ins(name: str) -> list[SignIn]:
    return [reading.sign_in for reading in read_file(name) if reading.sign_in]


def test_real_sprays() -> None:
    for name, failed, user in (("msolspray.json", 10, "lidia"), ("o365spray.csv", 8, "lynne")):
        events = sign_ins(name)
        assert [event.result_code for event in events].count("50126") == failed
        (success,) = [event for event in events if event.succeeded]
        assert (success.user_principal_name or "").lower().startswith(user)


def test_real_logins_that_passed_a_prompt_are_successes() -> None:
    events = sign_ins("mfa_sweep.csv")

    assert all(event.succeeded for event in events)
    assert sum("50140" in note for event in events for note in event.notes) == 5


def test_real_mfa_fatigue() -> None:
    readings = read_file("pingid_mfa_fatigue.log")
    events = [reading.sign_in for reading in readings if reading.sign_in]

    assert len(readings) == 62
    assert {reading.shape for reading in readings} == {Shape.PINGID, None}
    assert [event.mfa_result for event in events].count(MfaResult.DENIED) == 25
    assert [event.succeeded for event in events].count(True) == 4


def test_real_export_of_log_analytics() -> None:
    events = sign_ins("training_lab_signin_logs.csv")

    assert sorted(event.result_code for event in events) == ["0"] * 5 + ["16000", "16000", "50058"]
    first = min(events, key=lambda event: event.at)
    assert first.at.isoformat() == "2021-04-28T14:08:45.221000+00:00"
    assert (first.country, first.city) == ("IL", "Azor")
    assert all(event.notes == [] for event in events)


def test_real_okta_brute_force() -> None:
    codes = [event.result_code for event in sign_ins("okta_brute_force.yml")]
    assert codes.count("50126") == 9
