"""The mutations of the chaos run: each still has its place in the product, and is valid Python."""

import shutil
from pathlib import Path

import pytest

from lab.chaos.mutations import MUTATIONS, Mutation
from lab.chaos.results import names
from lab.environment import repository_root


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_the_place_is_there(mutation: Mutation, tmp_path: Path) -> None:
    """A mutation that no longer fits would be "found" because the app does not start."""
    copy = tmp_path / mutation.file
    copy.parent.mkdir(parents=True)
    shutil.copy(repository_root() / mutation.file, copy)
    before = copy.read_text(encoding="utf-8")
    mutation.apply(tmp_path)
    after = copy.read_text(encoding="utf-8")
    assert after != before
    compile(after, mutation.file, "exec")


def test_a_place_that_is_gone_is_an_error(tmp_path: Path) -> None:
    first = MUTATIONS[0]
    (tmp_path / first.file).parent.mkdir(parents=True)
    (tmp_path / first.file).write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=first.name):
        first.apply(tmp_path)


def test_every_invariant_has_a_mutation_that_it_finds() -> None:
    assert {one.found_by for one in MUTATIONS} == set(names())
