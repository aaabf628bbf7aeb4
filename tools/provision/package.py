"""The package that azd deploys: the locked packages in it, ``host.json`` as it is to be.

**Packages** are installed here, for the machine that Azure runs, and not by a build in Azure: that
one took Python 3.11 for an app of 3.13 (Azure/azure-dev#8538), for which the Functions library has
no version. What is deployed is then what the lock's hashes say, and needs no registry in Azure.

**The durable backend**: app settings cannot choose it. The host would take them, but what decides
how many instances run reads the file only (Azure/azure-functions-durable-extension#2622,
``ReadDurableTaskConfig`` of the Functions host): the app would not be started for work that waits
in the scheduler.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.provision.bytecode import code_command, packages_command
from tools.provision.cloud import Cloud, CloudError, Json

ROOT = Path(__file__).resolve().parent.parent.parent
HOST, KEPT = "host.json", ".lab/host.json.kept"
BACKEND, SCHEDULER = "DURABLE_BACKEND", "azureManaged"
CONNECTION = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
"""The app setting with the scheduler's address (``infra/modules/app-settings.bicep``)."""


LOCK, PACKAGES = "requirements.txt", ".python_packages"
FOLDER, STAMP = f"{PACKAGES}/lib/site-packages", f"{PACKAGES}/{LOCK}"
"""Where the Functions worker looks for packages, and a copy of the lock that they are of."""
PYTHON = "3.13"
PLATFORMS = (
    *("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    *("manylinux_2_12_x86_64", "manylinux2010_x86_64", "manylinux_2_5_x86_64"),
    "manylinux1_x86_64",
)
"""What Flex Consumption runs: Linux on x86-64, with a C library of 2.28 or newer."""
type Run = Callable[[list[str]], None]


def install_command(root: Path, target: Path) -> list[str]:
    """Return pip's command line that installs the lock for Azure, whatever machine this is."""
    platforms = [option for one in PLATFORMS for option in ("--platform", one)]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes"),
        *("--python-version", PYTHON, "--implementation", "cp", *platforms),
        *("--target", str(target), "--requirement", str(root / LOCK)),
    ]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise CloudError(f"the package cannot be made: {command[3]}: {said}")


def add_packages(root: Path, run: Run = _run) -> Iterator[str]:
    """Put the locked packages and their bytecode beside the code, unless they are there.

    Raises:
        CloudError: pip or the compiler refused.
    """
    lock = (root / LOCK).read_bytes()
    if (root / STAMP).exists() and (root / STAMP).read_bytes() == lock:
        return
    shutil.rmtree(root / PACKAGES, ignore_errors=True)
    run(install_command(root, root / FOLDER))
    run(packages_command(root / FOLDER))
    (root / PACKAGES).mkdir(exist_ok=True)
    (root / STAMP).write_bytes(lock)
    yield "the locked packages are in the package"


def with_scheduler(host: Json) -> Json:
    """Return the content of ``host.json`` with the Durable Task Scheduler as the backend."""
    provider = {"type": SCHEDULER, "connectionStringName": CONNECTION}
    extensions: Json = host["extensions"]
    durable = {**extensions["durableTask"], "storageProvider": provider}
    return {**host, "extensions": {**extensions, "durableTask": durable}}


def pack(cloud: Cloud, root: Path = ROOT, run: Run = _run) -> Iterator[str]:
    """Before packaging: add packages and bytecode; name the scheduler where chosen."""
    yield from unpack(cloud, root)
    yield from add_packages(root, run)
    run(code_command(root))
    if cloud.value(BACKEND) != SCHEDULER:
        return
    (root / KEPT).parent.mkdir(exist_ok=True)
    shutil.copyfile(root / HOST, root / KEPT)
    host = json.loads((root / HOST).read_text("utf-8"))
    (root / HOST).write_text(json.dumps(with_scheduler(host), indent=2) + "\n", "utf-8")
    yield f"{HOST} names the Durable Task Scheduler until the package is made"


def unpack(_: Cloud, root: Path = ROOT) -> Iterator[str]:
    """After packaging, or when it was interrupted: put ``host.json`` back."""
    if (root / KEPT).exists():
        (root / KEPT).replace(root / HOST)
        yield f"{HOST} is as it was"
