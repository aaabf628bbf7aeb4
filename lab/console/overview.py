"""What `python -m lab up` and `python -m lab scenarios` print."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.scenarios.loader import list_scenarios, load_scenario

_WHAT = {
    "app": "the app: /api/...",
    "lab": "the lab API: /_lab/...",
    "vendors": "the simulated vendors",
    "blob": "Azurite",
    "smtp": "the mail server",
}


def show_running_lab(
    console: Console, *, urls: dict[str, str], key: str, system_key: str, mode: str
) -> None:
    """Print where everything is, the keys and a first request to try.

    ``system_key`` is empty when the host asks for none.
    """
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for name, url in urls.items():
        table.add_row(name, url, _WHAT[name])
    table.add_row("key", key, "send it as x-functions-key")
    table.add_row("system key", system_key or "none needed", "for /runtime/webhooks")
    table.add_row("mode", mode, "LAB_MODE changes it")
    console.print(table)
    _command(console, "See the cases:", f"curl -H 'x-functions-key: {key}' {urls['app']}/api/cases")
    play = ".venv/bin/python -m lab play --scenario brute-force-success"
    _command(console, "Make one, in another terminal:", play)
    console.print("\nCtrl-C stops the lab.")


def _command(console: Console, title: str, command: str) -> None:
    console.print(f"\n{title}")
    # Never wrapped: it is to be copied.
    console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def show_scenarios(console: Console) -> None:
    """Print every scenario with its title."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name in list_scenarios():
        table.add_row(Text(name, style="bold"), load_scenario(name).title)
    console.print(table)
    console.print("\nPlay one: make demo SCENARIO=name")
