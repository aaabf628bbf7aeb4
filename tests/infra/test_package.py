"""The deployed package names the backend that was chosen, and the checkout stays as it is."""

import json
import shutil
from pathlib import Path

import pytest

from tests.infra.cloud import FakeCloud
from tests.unit.source_files import ROOT
from tools.infra import settings
from tools.provision import package


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / package.HOST, tmp_path / package.HOST)
    return tmp_path


def durable(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / package.HOST).read_text("utf-8"))["extensions"][
        "durableTask"
    ]
    return found


def test_the_scheduler_is_in_the_package_and_gone_afterwards(checkout: Path) -> None:
    before = (checkout / package.HOST).read_bytes()
    cloud = FakeCloud(DURABLE_BACKEND="azureManaged")
    list(package.pack(cloud, checkout))
    assert durable(checkout)["storageProvider"] == {
        "type": "azureManaged",
        "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    }
    kept = {name: value for name, value in durable(ROOT).items() if name != "storageProvider"}
    assert {n: v for n, v in durable(checkout).items() if n != "storageProvider"} == kept
    list(package.unpack(cloud, checkout))
    assert (checkout / package.HOST).read_bytes() == before
    assert list(package.unpack(cloud, checkout)) == []


@pytest.mark.parametrize("backend", ["", "azureStorage"])
def test_storage_needs_no_change(checkout: Path, backend: str) -> None:
    before = (checkout / package.HOST).read_bytes()
    assert list(package.pack(FakeCloud(DURABLE_BACKEND=backend), checkout)) == []
    assert (checkout / package.HOST).read_bytes() == before


def test_packaging_that_was_interrupted_leaves_nothing_behind(checkout: Path) -> None:
    before = (checkout / package.HOST).read_bytes()
    list(package.pack(FakeCloud(DURABLE_BACKEND="azureManaged"), checkout))
    list(package.pack(FakeCloud(DURABLE_BACKEND="azureManaged"), checkout))
    assert durable(checkout)["storageProvider"] != durable(ROOT)["storageProvider"]
    list(package.pack(FakeCloud(), checkout))
    assert (checkout / package.HOST).read_bytes() == before


def test_the_setting_that_the_package_names_is_deployed() -> None:
    text = (ROOT / "infra" / settings.MODULE).read_text("utf-8")
    assert f"  {package.CONNECTION}: 'Endpoint=${{schedulerEndpoint}};" in text
