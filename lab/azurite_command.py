"""How Azurite, the lab's Blob storage, is started."""

import shutil
from pathlib import Path

from lab.errors import LabError

FOLDER = Path("lab") / "azurite"
FASTER_LOKIJS = "faster_lokijs.cjs"
"""Lets Azurite find and remove among many blobs as fast as among few."""


def azurite_command(root: Path, *, port: int, certificates: Path, all_services: bool) -> list[str]:
    """Return the command that runs Azurite, with nothing kept on disk.

    Args:
        root: the repository.
        port: where Blob storage listens, on 127.0.0.1.
        certificates: folder of ``server.pem`` and ``server.key``.
        all_services: queues and tables, too, whose ports the caller adds.

    Raises:
        LabError: Node.js or Azurite is not installed.
    """
    node = shutil.which("node")
    if node is None:
        raise LabError(
            "Node.js 20 or later was not found: install it (nodejs.org, or your system's nodejs"
            " package); the lab's Blob storage, Azurite, runs on it."
        )
    folder = root / FOLDER
    programs = folder / "node_modules" / "azurite" / "dist" / "src"
    if not programs.is_dir():
        raise LabError("Azurite is not installed: run 'make demo', or 'npm ci' in lab/azurite.")
    program = programs / ("azurite.js" if all_services else "blob/main.js")
    command = [node, "--require", str(folder / FASTER_LOKIJS), str(program)]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--cert", str(certificates / "server.pem")]
    command += ["--key", str(certificates / "server.key"), "--oauth", "basic"]
    command += ["--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry"]
    return command
