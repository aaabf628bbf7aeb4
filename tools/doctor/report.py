"""What the doctor found, for people and for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.models.check import Checked, CheckStatus

STYLES = {
    CheckStatus.OK: "green",
    CheckStatus.WARNING: "yellow",
    CheckStatus.MISSING: "bold red",
    CheckStatus.OFF: "dim",
}


def is_well(lines: Sequence[Checked]) -> bool:
    """Whether nothing that the app needs as it is configured is missing."""
    return not any(line.status is CheckStatus.MISSING for line in lines)


def show(console: Console, lines: Sequence[Checked]) -> None:
    """Print the lines as a table, then what they come to."""
    table = Table(show_edge=False, pad_edge=False, box=box.SIMPLE_HEAD)
    table.add_column("Status", no_wrap=True)
    table.add_column("What", overflow="fold", max_width=42)
    table.add_column("Detail", overflow="fold")
    area = ""
    for line in lines:
        if line.area != area:
            table.add_row("", Text(line.area, style="bold"), "")
        # As text: what vendors say may hold what rich would take for markup.
        status = Text(line.status.value, style=STYLES[line.status])
        table.add_row(status, Text(line.what), Text(line.detail))
        area = line.area
    console.print(table)
    counts = Counter(line.status for line in lines)
    words = ", ".join(f"{counts[one]} {one}" for one in CheckStatus if counts[one])
    told = "All that is needed is there." if is_well(lines) else "Something needed is missing."
    console.print(f"{words}. {told}")


def write(path: Path, lines: Sequence[Checked]) -> None:
    """Write the lines beside the table, for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"ok": is_well(lines), "checks": [line.to_json() for line in lines]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
