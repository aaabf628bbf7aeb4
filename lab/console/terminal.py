"""The console all commands print to: 80 to 100 columns, plain where a terminal can do no more."""

import io
import os
import sys
from datetime import datetime

from rich.console import Console

NARROWEST, WIDEST = 80, 100


def make_console() -> Console:
    """Return the console for standard output; colours and live redraws only at a real terminal."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a sign shows another; it must not end the demo.
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, soft_wrap=False)
    width = min(max(console.width, NARROWEST), WIDEST)
    return Console(highlight=False, soft_wrap=False, width=width)


def is_live(console: Console) -> bool:
    """Tell whether lines can be redrawn: not in a pipe, a dumb terminal or CI."""
    return console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI")


def format_seconds(seconds: float) -> str:
    """Format a duration for people: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def format_size(size: int) -> str:
    """Format bytes for people: ``812 B``, ``8.1 kB``."""
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two ISO 8601 times, ``None`` when one of them is not known."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
