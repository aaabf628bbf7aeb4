"""The small measurements that docs/performance.md names run, and their commands exist."""

import re

import pytest

from lab.bench.choices import ALL
from tests.unit.source_files import ROOT

NAMED = set(
    re.findall(
        r"python -m lab\.bench\.choices (\w+)",
        (ROOT / "docs" / "performance.md").read_text("utf-8"),
    )
)


def test_the_page_names_each_and_no_other() -> None:
    assert set(ALL) == NAMED


@pytest.mark.parametrize("name", ["batch", "json"])
def test_it_says_what_is_spent(name: str) -> None:
    lines = list(ALL[name]())
    assert lines and all(re.search(r"\d ms", line) for line in lines)
