"""docs/policy.md says what the code says, and its examples are policies that can be used."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.models.account_kind import AccountKind
from shared.models.policy import MAY_BE_AUTOMATIC, Policy
from shared.policy import PolicyError, read_policy
from tests.unit.source_files import ROOT

PAGE = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Names of all fields as the file writes them, sections resolved."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def documented() -> set[str]:
    """Fields named in the first column of the table; ``.x`` continues the name before it."""
    found = set()
    for cell in re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE):
        last = ""
        for name in re.findall(r"`([^`]+)`", cell):
            last = last.rpartition(".")[0] + name if name.startswith(".") else name
            found.add(last)
    return found


def test_every_field_is_documented_and_no_other() -> None:
    assert documented() == set(fields(Policy))


def test_every_kind_and_action_is_named() -> None:
    for name in (*AccountKind, *MAY_BE_AUTOMATIC):
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_can_be_used(tmp_path: Path, number: int) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(EXAMPLES[number], encoding="utf-8")
    read_policy(path)


def test_there_are_the_examples_that_the_page_promises() -> None:
    assert len([text for text in EXAMPLES if "mode:" in text]) == 3


def test_the_shown_refusal_is_what_is_said(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    path = tmp_path / "policy.yaml"
    path.write_text(
        "mode: automatic\n\n\n\nautomatic:\n  ordinary: {}\n  break_glass:\n    High: []\n\n\n"
        'business_hours:\n  time_zone: Europe/Berln\n  from: "08:00"\n  to: "18:00"\n',
        encoding="utf-8",
    )
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == shown[1].strip()
