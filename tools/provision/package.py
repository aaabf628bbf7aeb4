"""The package that azd deploys: ``host.json`` names the durable backend of the environment.

App settings cannot choose it. The host would take them, but what decides how many instances run
reads the file only (Azure/azure-functions-durable-extension#2622, ``ReadDurableTaskConfig`` of the
Functions host): the app would not be started for work that waits in the scheduler.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.provision.cloud import Cloud, Json

ROOT = Path(__file__).resolve().parent.parent.parent
HOST, KEPT = "host.json", ".lab/host.json.kept"
BACKEND, SCHEDULER = "DURABLE_BACKEND", "azureManaged"
CONNECTION = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
"""The app setting with the scheduler's address (``infra/modules/app-settings.bicep``)."""


def with_scheduler(host: Json) -> Json:
    """Return the content of ``host.json`` with the Durable Task Scheduler as the backend."""
    provider = {"type": SCHEDULER, "connectionStringName": CONNECTION}
    extensions: Json = host["extensions"]
    durable = {**extensions["durableTask"], "storageProvider": provider}
    return {**host, "extensions": {**extensions, "durableTask": durable}}


def pack(cloud: Cloud, root: Path = ROOT) -> Iterator[str]:
    """Before packaging: let ``host.json`` name the scheduler where it is chosen."""
    yield from unpack(cloud, root)
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
