"""How fast evidence is exported, and in how much memory: ``python -m lab.bench.export``.

Rows come from a generator in the place of Log Analytics, in pages as the product asks for them; the
product's own exporter packs them and sends them to the lab's Azurite over TLS. The export runs in a
process of its own, whose peak memory is what the operating system says of it, and what it had
before the first row.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from activities.evidence_export import TableExport
from lab.bench.big_log import START, BigLog
from lab.bench.parts import peak_kb
from lab.environment import repository_root
from lab.stack import Lab
from shared.models.base import Json
from shared.playbook.acting.exports import EXPORTS
from shared.providers.blob import BlobEvidenceStore
from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import Settings

WINDOW = timedelta(hours=72)
CASE_ID = "case-of-a-million"


def main() -> int:
    """Measure, print a table and write ``.lab/bench-evidence.json``."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.export", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--row-bytes", type=int, default=1024, help="text in each row")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        sys.stdout.write(json.dumps(asyncio.run(_export(given.rows, given.row_bytes))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(export_in_lab(given.rows, given.row_bytes, Path(folder)))
    for name, value in found.items():
        sys.stdout.write(f"{name:>22}  {value}\n")
    path = repository_root() / ".lab" / "bench-evidence.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


async def export_in_lab(rows: int, row_bytes: int, folder: Path) -> Json:
    """Start a lab, export so many rows to its storage in another process, return the figures."""
    async with Lab(auto_ports=True, state_dir=folder, workers=1) as lab:
        command = [sys.executable, "-m", "lab.bench.export", "--inside"]
        command += [f"--rows={rows}", f"--row-bytes={row_bytes}"]
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            env=os.environ | lab.app_settings,
            cwd=repository_root(),
            stdout=subprocess.PIPE,
            check=True,
        )
    answer: Json = json.loads(done.stdout)
    return answer


async def _export(rows: int, row_bytes: int) -> Json:
    log = BigLog(rows, lambda n: WINDOW * n / max(rows, 1), filler=row_bytes)
    store = BlobEvidenceStore(Settings())
    export = next(one for one in EXPORTS if one.table == "SigninLogs")
    await store.put(CASE_ID, "first.json", b"{}", content_type="application/json", source="bench")
    before = _peak_mb()
    started = time.perf_counter()
    try:
        parts = await TableExport(log, store, CASE_ID, export, {}, START, START + WINDOW).run({})
        seconds = time.perf_counter() - started
    finally:
        await close_credential()
        await close_sessions()
    kept = sum(part.rows or 0 for part in parts)
    return {
        "rows": kept,
        "parts": len(parts),
        "megabytes_stored": round(sum(part.size for part in parts) / 1e6, 1),
        "seconds": round(seconds, 1),
        "rows_per_s": round(kept / seconds),
        "peak_memory_mb": _peak_mb(),
        "memory_before_mb": before,
    }


def _peak_mb() -> float:
    """Most memory that this process ever had, in megabytes."""
    return round(peak_kb(os.getpid()) * 1024 / 1e6, 1)


if __name__ == "__main__":
    sys.exit(main())
