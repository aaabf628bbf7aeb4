"""The deployed package names the backend that was chosen, and the checkout stays as it is."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.infra.cloud import FakeCloud
from tests.unit.source_files import ROOT
from tools.infra import settings
from tools.provision import package
from tools.provision.cloud import CloudError

type Commands = list[list[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (package.HOST, package.LOCK):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pack(cloud: FakeCloud, checkout: Path, ran: Commands | None = None) -> list[str]:
    return list(package.pack(cloud, checkout, (ran if ran is not None else []).append))


def test_the_locked_packages_are_added_for_the_machine_in_azure(checkout: Path) -> None:
    ran: Commands = []
    assert "packages" in "\n".join(pack(FakeCloud(), checkout, ran))
    install, compile_packages, compile_code = ran
    assert {"--require-hashes", "--no-deps", "3.13", "manylinux_2_28_x86_64"} <= set(install)
    assert str(checkout / ".python_packages/lib/site-packages") in install
    assert pack(FakeCloud(), checkout, ran) == []
    assert ran[3:] == [compile_code]
    (checkout / package.LOCK).write_text("another==1.0\n", "utf-8")
    pack(FakeCloud(), checkout, ran)
    assert ran[4:] == [install, compile_packages, compile_code]


def test_the_package_holds_the_packages_and_the_lock_pins_all_of_them() -> None:
    ignored = (ROOT / ".funcignore").read_text("utf-8").splitlines()
    assert not [one for one in ignored if one.strip("/").startswith(package.PACKAGES)]
    folders = {one for one in ignored if one.endswith("/") and one[0] not in "._"}
    assert {one[0] for one in folders} == {"/"}, "packages have folders of such names, too"
    lock = (ROOT / package.LOCK).read_text("utf-8")
    pins = re.findall(r"^[a-z0-9][\w.-]*==\S+(.*)$", lock, re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 40
    assert all(one.strip() == "\\" for one in pins), (
        "hashes follow, and no condition of this machine"
    )


def test_packages_that_cannot_be_had_are_an_error(checkout: Path) -> None:
    (checkout / package.LOCK).write_text("tourniquet-is-no-package\n", "utf-8")
    with pytest.raises(CloudError, match="install: "):
        list(package.add_packages(checkout))


def durable(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / package.HOST).read_text("utf-8"))["extensions"][
        "durableTask"
    ]
    return found


def test_the_scheduler_is_in_the_package_and_gone_afterwards(checkout: Path) -> None:
    before = (checkout / package.HOST).read_bytes()
    cloud = FakeCloud(DURABLE_BACKEND="azureManaged")
    pack(cloud, checkout)
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
    pack(FakeCloud(DURABLE_BACKEND=backend), checkout)
    assert (checkout / package.HOST).read_bytes() == before


def test_packaging_that_was_interrupted_leaves_nothing_behind(checkout: Path) -> None:
    before = (checkout / package.HOST).read_bytes()
    pack(FakeCloud(DURABLE_BACKEND="azureManaged"), checkout)
    pack(FakeCloud(DURABLE_BACKEND="azureManaged"), checkout)
    assert durable(checkout)["storageProvider"] != durable(ROOT)["storageProvider"]
    pack(FakeCloud(), checkout)
    assert (checkout / package.HOST).read_bytes() == before


def test_the_setting_that_the_package_names_is_deployed() -> None:
    text = (ROOT / "infra" / settings.MODULE).read_text("utf-8")
    assert f"  {package.CONNECTION}: 'Endpoint=${{schedulerEndpoint}};" in text
