"""docs/scoring.md against the hunts: every one is listed as it is."""

import re

from shared.playbook.hunts import load_hunts
from tests.unit.source_files import ROOT

PAGE = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
HUNTS = load_hunts()
LEAST = {
    "mass_download": ("Files >= 100", "| 100 |"),
    "large_transfers": ("BytesSent > 500000000", "| more than 500 MB |"),
    "mail_bursts": ("Messages >= 50", "| 50 |"),
    "sharing_bursts": ("Files >= 20", "| 20 |"),
    "mass_deletion": ("Deleted > 200", "| more than 200 |"),
}


def test_every_hunt_is_listed_as_it_is() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (T[\d.]+) \| ([\w, ]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert listed == [
        (hunt.id, hunt.technique, ", ".join(hunt.tables), hunt.title) for hunt in HUNTS
    ]


def test_bursts_are_told_from_the_number_documented() -> None:
    table = PAGE.partition("| Burst of |")[2].partition("\n\n")[0]
    for hunt in HUNTS:
        if hunt.id in LEAST:
            condition, documented = LEAST[hunt.id]
            assert f"| where {condition}\n" in hunt.query
            assert documented in table


def test_the_hour_slides_in_steps_of_five_minutes_in_every_burst() -> None:
    steps = "dynamic([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55])"
    for hunt in HUNTS:
        if hunt.id in LEAST:
            assert steps in hunt.query
            assert "Slot = bin(TimeGenerated, 5m)" in hunt.query
