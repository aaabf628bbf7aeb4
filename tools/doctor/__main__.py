"""Check configuration and permissions against the tenant; changes nothing.

Exit status: 0 nothing that is needed is missing; 1 something is; 2 the settings file cannot be
used.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from rich.console import Console

from shared.bootstrap import build_providers
from shared.models.check import Checked
from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import Settings
from tools.doctor.blocking import check_blocking
from tools.doctor.environment import SettingsFileError, check_settings, read_values
from tools.doctor.identity import check_defender, check_graph
from tools.doctor.logs import check_tables
from tools.doctor.people import check_break_glass, check_deciding
from tools.doctor.report import is_well, show, write
from tools.doctor.trusted import check_trusted
from tools.doctor.vendors import check_vendors

ROOT = Path(__file__).resolve().parents[2]
USUAL_FILE = ROOT / "local.settings.json"
CANNOT = 2


def main() -> int:
    """Run the checks, print and write what they found."""
    arguments = _parse()
    try:
        _load(arguments.settings)
    except SettingsFileError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT
    lines = asyncio.run(examine())
    show(Console(), lines)
    write(arguments.json, lines)
    return 0 if is_well(lines) else 1


async def examine() -> list[Checked]:
    """Return every line; a part that fails is a line, and stops no other."""
    settings, lines = check_settings(os.environ)
    if settings is None:
        return lines
    try:
        return [*lines, *await _ask(settings)]
    finally:
        await close_credential()
        await close_sessions()


async def _ask(settings: Settings) -> list[Checked]:
    providers = build_providers(settings)
    parts = await asyncio.gather(
        check_graph(settings),
        check_defender(settings),
        check_vendors(settings, providers),
        check_tables(settings, providers),
        check_break_glass(settings, providers),
        check_trusted(providers),
        check_blocking(settings),
    )
    return [*check_deciding(settings), *(line for part in parts for line in part)]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.doctor", description=__doc__)
    parser.add_argument(
        "--settings", type=Path, help="a settings file; default local.settings.json if there is one"
    )
    parser.add_argument("--json", type=Path, default=ROOT / ".lab" / "doctor.json")
    return parser.parse_args()


def _load(path: Path | None) -> None:
    """Put a file's values under the environment's: what is set in the shell counts."""
    chosen = path or (USUAL_FILE if USUAL_FILE.is_file() else None)
    if chosen is None:
        return
    for name, value in read_values(chosen).items():
        if not os.environ.get(name):
            os.environ[name] = value


if __name__ == "__main__":
    sys.exit(main())
