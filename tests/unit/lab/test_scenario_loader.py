from pathlib import Path

import pytest

from lab.scenarios.loader import ScenarioError, list_scenarios, load_common, load_scenario

SIX = {
    "brute-force-success",
    "forgetful-user",
    "stopped-by-mfa",
    "needs-approval",
    "duplicate-delivery",
    "privileged-account",
}

GOOD = """\
name: small
title: Small
story: One row.
truth: benign
tenant:
  tables:
    SigninLogs:
      - TimeGenerated: -9m
        repeat: {count: 2, every: 19s}
incident: {title: Something}
expect: {confidence: High}
"""


def write(folder: Path, text: str, name: str = "small") -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_six_are_there_and_the_default_is_first() -> None:
    names = list_scenarios()
    assert set(names) >= SIX
    assert names[0] == "brute-force-success"


@pytest.mark.parametrize("name", list_scenarios())
def test_every_scenario_loads(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert 2 <= scenario.story.count(". ") + 1 <= 6


def test_common_loads() -> None:
    assert load_common().organisation.domain.endswith(".example")


def test_a_small_scenario_loads(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert load_scenario("small", tmp_path).tenant.tables["SigninLogs"][0].repeat


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("confidence: High", "confidense: High", "small.yaml:11: expect.confidense: "),
        ("confidence: High", "confidence: high", "small.yaml:11: expect.confidence: "),
        ("every: 19s", "every: soon", "small.yaml:9: tenant.tables.SigninLogs.0.repeat.every: "),
        (", every: 19s", "", "small.yaml:9: tenant.tables.SigninLogs.0.repeat: "),
        ("title: Small\n", "", "small.yaml:1: title: Field required"),
        ("name: small", "name: other", "small.yaml: name: is 'other', must be the file's 'small'"),
        ("story: One row.", "story: [", "small.yaml:5: "),
    ],
)
def test_a_mistake_names_file_line_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        load_scenario("small", tmp_path)
    assert str(caught.value).startswith(message)


def test_every_mistake_is_told(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("confidence: High", "score: [1], status: [done]"))
    with pytest.raises(ScenarioError) as caught:
        load_scenario("small", tmp_path)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["nope", "common"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ScenarioError, match="brute-force-success, "):
        load_scenario(name)
