"""Shows a response while it happens: redrawn at a terminal, one line per step elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lab.console.steps import State, Step, read_steps
from lab.console.terminal import is_live
from shared.models.base import Json

MARKS = {
    State.WAITING: ("·", "dim"),
    State.RUNNING: ("›", "cyan"),  # noqa: RUF001 - an arrowhead on purpose
    State.DONE: ("✓", "green"),
    State.NOT_NEEDED: ("–", "dim"),  # noqa: RUF001 - a dash on purpose
    State.TROUBLE: ("!", "yellow"),
}
_ENDED = (State.DONE, State.NOT_NEEDED, State.TROUBLE)


class Progress:
    """A context manager; feed it the case record as often as it is read."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._times: dict[str, float] = {}
        self._said: dict[str, State] = {}
        self._live = Live(console=console, refresh_per_second=8) if is_live(console) else None

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def observe(self, record: Json) -> None:
        """Take notice of a new state of the record."""
        steps = read_steps(record)
        for step in steps:
            if step.state in _ENDED:
                self._times.setdefault(step.name, time.monotonic() - self._started)
        if self._live:
            self._live.update(self._table(steps))
            return
        for step in steps:
            # What runs is worth a line only when it says what is waited for.
            is_news = step.state in _ENDED or (step.state is State.RUNNING and step.detail)
            if is_news and self._said.get(step.name) != step.state:
                self._console.print(self._line(step))
                self._said[step.name] = step.state

    def _table(self, steps: list[Step]) -> Table:
        table = Table.grid(padding=(0, 1))
        for step in steps:
            table.add_row(self._line(step))
        return table

    def _line(self, step: Step) -> Text:
        mark, style = MARKS[step.state]
        seconds = self._times.get(step.name)
        took = f"{seconds:5.1f} s" if seconds is not None else " " * 7
        line = Text.assemble(("  " + mark + " ", style), f"{step.name:<10}", (took, "dim"), "  ")
        detail = "not needed" if step.state is State.NOT_NEEDED and not step.detail else step.detail
        line.append(detail, style="dim" if step.state is not State.DONE else "")
        line.no_wrap = True
        line.overflow = "ellipsis"
        return line
