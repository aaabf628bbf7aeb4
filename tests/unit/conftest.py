from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.bootstrap import set_providers
from shared.policy import get_policy
from shared.settings import get_settings
from tests.support.fakes import FakeHouse


@pytest.fixture
def house() -> Iterator[FakeHouse]:
    """This process's providers are fakes."""
    built = FakeHouse()
    set_providers(built.providers)
    yield built
    set_providers(None)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings for one test: ``configure(mode="approve")``."""

    def set_values(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TOURNIQUET_{name.upper()}", value)
        _forget()

    set_values()
    yield set_values
    monkeypatch.undo()
    _forget()


@pytest.fixture
def govern(configure: Callable[..., None], tmp_path: Path) -> Callable[..., None]:
    """Write the policy of one test: ``govern(limits={"automatic_per_hour": 2})``."""

    def write(**fields: Any) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(yaml.safe_dump(fields), encoding="utf-8")
        configure(policy_file=str(path))

    return write


def _forget() -> None:
    get_settings.cache_clear()
    get_policy.cache_clear()
