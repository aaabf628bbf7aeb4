"""Any policy survives being written and read, and any text is read or refused, nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from shared.models.policy import MAY_BE_AUTOMATIC, Policy
from shared.models.verdict import Confidence
from shared.policy import PolicyError, read_policy
from shared.yaml_lines import YamlError, read_yaml
from tests.unit.playbook.test_plan_properties import KINDS, PATIENT, POLICY

NAMES = st.lists(
    st.text(st.characters(categories=["L", "N"], include_characters="@.-_"), min_size=1),
    max_size=3,
    unique_by=str.strip,
)
ACTIONS = st.lists(st.sampled_from(sorted(MAY_BE_AUTOMATIC)), min_size=1, unique=True)
ASKING = st.fixed_dictionaries(
    {
        "deadline_minutes": st.integers(61, 43200),
        "reminder_minutes": st.none() | st.integers(1, 60),
        "on_silence": st.dictionaries(
            st.sampled_from([Confidence.HIGH, Confidence.MEDIUM]), ACTIONS | st.just("MonitorOnly")
        ),
        "two_persons": st.lists(st.sampled_from(KINDS), unique=True),
    }
)
FRAGMENTS = st.sampled_from(
    [*"[]{}:,-#&*!?|>'\"\n \t", "mode", "- ", ": ", "<<", "!!int x", "18:00", "2026-01-01", "*a"]
)


@contextmanager
def written(text: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        yield path


@PATIENT
@given(POLICY, ASKING, NAMES, st.integers(0, 1000))
def test_a_policy_that_is_written_is_the_one_that_is_read(
    policy: Policy, asking: dict[str, Any], names: list[str], limit: int
) -> None:
    changes = {
        "asking": asking,
        "accounts": {"vip": names},
        "limits": {"automatic_per_hour": limit},
    }
    policy = Policy.model_validate(policy.model_dump(by_alias=True) | changes)
    with written(yaml.safe_dump(policy.model_dump(mode="json", by_alias=True))) as path:
        assert read_policy(path).policy == policy


@PATIENT
@given(st.text() | st.lists(FRAGMENTS).map("".join))
@example("mode: !!bool perhaps")
@example("a: !!timestamp x")
@example("? ")
@example("\x85")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text)
    except YamlError as error:
        assert error.reason and (error.line is None or error.line >= 1)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_what_is_nested_without_end_is_refused(opening: str) -> None:
    with written(opening * 5000) as path, pytest.raises(PolicyError):
        read_policy(path)
