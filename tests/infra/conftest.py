"""The Bicep files, read once; and the same with one mistake in them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.unit.source_files import ROOT
from tools.bicep.reader import read, read_folder
from tools.bicep.syntax import BicepFile

INFRA: Path = ROOT / "infra"
type Seed = Callable[[str, str, str], Mapping[str, BicepFile]]


@pytest.fixture(scope="session")
def bicep() -> Mapping[str, BicepFile]:
    return read_folder(INFRA)


@pytest.fixture
def seed(bicep: Mapping[str, BicepFile]) -> Seed:
    """The files, with a piece of one of them replaced once."""

    def replaced(path: str, old: str, new: str) -> Mapping[str, BicepFile]:
        text = (INFRA / path).read_text(encoding="utf-8")
        assert old in text, "the mistake's place is gone: point it to another"
        return {**bicep, path: read(path, text.replace(old, new, 1))}

    return replaced


def text_of(path: str, old: str, new: str) -> str:
    """Return a file's text, with a piece of it replaced once."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert old in text, "the mistake's place is gone: point it to another"
    return text.replace(old, new, 1)
