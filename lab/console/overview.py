"""What `python -m lab up` and `python -m lab scenarios` print."""

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lab.scenarios.loader import list_scenarios, load_scenario

_WHAT = {
    "app": "the app's HTTP routes, below /api",
    "lab": "the lab API: /_lab/tenant, /ledger, /faults, /health",
    "vendors": "the simulated vendors, TLS by the authority in ca.pem",
    "blob": "Azurite: the cases and their evidence",
    "smtp": "the mail server, STARTTLS",
}


def show_running_lab(console: Console, *, urls: dict[str, str], key: str, mode: str) -> None:
    """Print where everything is, the function key and a first request to try."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, url in urls.items():
        table.add_row(Text(name, style="bold"), url, Text(_WHAT[name], style="dim"))
    table.add_row(Text("key", style="bold"), key, Text("x-functions-key", style="dim"))
    table.add_row(Text("mode", style="bold"), mode, Text("LAB_MODE", style="dim"))
    console.print(table)
    console.print("\nThe cases so far (none yet):")
    command = f"curl -H 'x-functions-key: {key}' {urls['app']}/api/cases"
    console.print(Syntax(command, "bash", background_color="default", word_wrap=True))
    console.print("\nTo see one happen, in another terminal:")
    play = ".venv/bin/python -m lab play --scenario brute-force-success"
    console.print(Syntax(play, "bash", background_color="default"))
    console.print()
    console.print("Ctrl-C stops the lab.")


def show_scenarios(console: Console) -> None:
    """Print every scenario with its title."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name in list_scenarios():
        table.add_row(Text(name, style="bold"), load_scenario(name).title)
    console.print(table)
    console.print("\nPlay one: make demo SCENARIO=name")
