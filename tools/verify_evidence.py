"""Check the evidence of a case against its manifest: ``make verify-evidence CASE=id``.

Reads the store that the settings name (those of the running lab, when the shell sets none), or a
copy of it in a folder. Changes nothing. Exit status: 0 everything is as it was kept; 1 something is
altered, missing or added, and is named; 2 the evidence could not be read.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.errors import NotFound, TourniquetError
from shared.evidence_check import Anchor, anchor_of, check_evidence
from shared.models.evidence import EvidenceCheck, State
from shared.models.message import EvidenceItem
from tools.doctor.environment import SettingsFileError, read_values

ROOT = Path(__file__).resolve().parents[1]
SETTINGS_FILES = (ROOT / ".lab" / "local.settings.json", ROOT / "local.settings.json")
"""Looked at in this order, unless the shell says where the store is."""
STORE_SETTING = "TOURNIQUET_BLOB_URL"
CANNOT = 2
_TRUST = frozenset({"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"})
_COLOURS = {State.OK: "green", State.UNSEALED: "yellow"}
_PART = 4 * 1024 * 1024


class Folder:
    """Evidence that was copied to a folder: ``<folder>/<case_id>/<name>``, or without the case."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _case(self, case_id: str) -> Path:
        inner = self._folder / case_id
        return inner if inner.is_dir() else self._folder

    async def list_items(self, case_id: str) -> list[EvidenceItem]:
        """Return the files, which do not say of themselves what they are."""
        case = self._case(case_id)
        return [
            EvidenceItem(
                name=str(path.relative_to(case).as_posix()),
                url=path.as_uri(),
                sha256="",
                size=path.stat().st_size,
                source="a file",
                collected_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            )
            for path in sorted(case.resolve().rglob("*"))
            if path.is_file()
        ]

    async def get(self, case_id: str, name: str) -> bytes:
        """Return a file's bytes."""
        return b"".join([part async for part in self.read(case_id, name)])

    async def read(self, case_id: str, name: str) -> AsyncIterator[bytes]:
        """Return a file's bytes in parts."""
        try:
            with (self._case(case_id) / name).open("rb") as file:
                while part := file.read(_PART):
                    yield part
        except FileNotFoundError:
            raise NotFound("there is no such file", vendor="folder") from None


def main() -> int:
    """Check, print what was found and write it as JSON."""
    arguments = _parse()
    try:
        if arguments.folder is not None:
            anchor = Anchor(ticket_sha256=arguments.sha256)
            found = asyncio.run(check_evidence(Folder(arguments.folder), arguments.case, anchor))
        else:
            _load(arguments.settings)
            found = asyncio.run(check_store(arguments.case, arguments.sha256))
    except (SettingsFileError, TourniquetError) as error:
        sys.stderr.write(f"The evidence could not be read: {error}\n")
        return CANNOT
    show(Console(), found)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    report = found.to_json() | {"sound": found.is_sound}
    arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if found.is_sound else 1


async def check_store(case_id: str, ticket_sha256: str | None) -> EvidenceCheck:
    """Check a case in the store that the environment's settings name.

    Raises:
        TourniquetError: the store cannot be read.
    """
    # Only now: aiohttp reads the trusted certificates (SSL_CERT_FILE) when it is imported, and
    # the settings file may name them.
    from shared.bootstrap import build_providers
    from shared.providers.credentials import close_credential
    from shared.providers.sessions import close_sessions
    from shared.settings import Settings

    providers = build_providers(Settings())
    try:
        found = await providers.require("cases").load(case_id)
        known = anchor_of(found[0]) if found else Anchor()
        anchor = Anchor(**(vars(known) | {"ticket_sha256": ticket_sha256}))
        return await check_evidence(providers.require("evidence"), case_id, anchor)
    finally:
        await close_credential()
        await close_sessions()


def show(console: Console, found: EvidenceCheck) -> None:
    """Print every item with its state, what is wrong first."""
    table = Table("state", title=f"Evidence of {found.case_id}")
    for column in ("item", "what"):
        # A name that is cut does not name anything.
        table.add_column(column, overflow="fold")
    order = sorted(found.findings, key=lambda one: (one.state is State.OK, one.name))
    for one in order:
        colour = _COLOURS.get(one.state, "bold red")
        detail = one.detail or (one.sha256 or "")
        table.add_row(Text(one.state.upper(), colour), Text(one.name), Text(detail))
    console.print(table)
    for missing in found.not_collected:
        console.print(Text(f"Never collected: {missing.source}: {missing.reason}", "yellow"))
    if found.manifest_sha256:
        console.print(Text(f"SHA-256 of {found.manifest}:"))
        console.print(Text(found.manifest_sha256), soft_wrap=True)
        console.print("Compare it with the one in the ticket.")
    wrong = sum(one.state not in (State.OK, State.UNSEALED) for one in found.findings)
    verdict = "Everything is as it was kept." if found.is_sound else f"{wrong} not as kept."
    console.print(Text(verdict, "green" if found.is_sound else "bold red"))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.verify_evidence", description=__doc__)
    parser.add_argument("case", help="the case id")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--folder", type=Path, help="check a copy in this folder, not the store")
    parser.add_argument("--sha256", help="SHA-256 of a manifest, as the ticket has it")
    parser.add_argument("--json", type=Path, default=ROOT / ".lab" / "evidence.json")
    return parser.parse_args()


def _load(path: Path | None) -> None:
    """Put a file's values under the environment's: what is set in the shell counts.

    But whom a lab trusts is its own affair: a company's proxy certificate in the shell is no help.
    """
    if path is None and os.environ.get(STORE_SETTING):
        return
    chosen = path or next((one for one in SETTINGS_FILES if one.is_file()), None)
    for name, value in read_values(chosen).items() if chosen else ():
        if name in _TRUST or not os.environ.get(name):
            os.environ[name] = value


if __name__ == "__main__":
    sys.exit(main())
