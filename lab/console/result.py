"""The result of a response, as an analyst reads it: verdict, what was done, kept, told, when."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lab.console.terminal import format_seconds, format_size
from lab.scenarios.checker import Check
from lab.scenarios.played import Played, label, refused
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.verdict import Confidence
from shared.playbook.reporting.sla import with_measures
from shared.playbook.reporting.told import FAILED

_CONFIDENCE_STYLE = {Confidence.HIGH: "bold red", Confidence.MEDIUM: "bold yellow"}
_SHOWN_HASH = 12
_SHOWN_STEPS = 5
_COUNTED_WITH = "Counted with "
"""How scoring marks a reason whose group a stronger one already speaks for."""


def show_result(console: Console, played: Played) -> None:
    """Print everything but the expectation."""
    record = played.record
    _section(console, "Verdict", _verdict(record))
    if others := played.records[1:]:
        _section(
            console, "The incident's other cases", _bullets([_case_line(one) for one in others])
        )
    _section(console, "What was done", _actions(record))
    _section(console, "What was kept", _evidence(played))
    _section(console, "Who was told", _people(played))
    _section(console, "Time against the SLA", _sla(record))
    _section(console, "What changed outside (ledger)", _ledger(played))
    if steps := record.get("next_steps"):
        _section(console, "Next for the analyst", _bullets(_first(steps)))


def show_expectation(console: Console, checks: list[Check]) -> None:
    """Print the expectation line by line."""
    table = _table()
    for check in checks:
        mark = Text("✓", style="green") if check.held else Text("✗", style="bold red")
        line = Text(check.expected)
        if not check.held:
            line.append(f"  but: {check.seen or 'not so'}", style="red")
        table.add_row(mark, line)
    held = sum(check.held for check in checks)
    _section(console, f"What the scenario expects: {held} of {len(checks)} hold", table)


def _section(console: Console, title: str, body: RenderableType) -> None:
    console.print()
    console.print(Rule(Text(title, style="bold"), align="left", style="dim", characters="─"))
    console.print(Padding(body, (0, 0, 0, 2), expand=False))


def _table(*headers: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines; numbers right-aligned, texts wrapped."""
    table = Table(
        box=None,
        show_header=bool(headers),
        header_style="dim",
        padding=(0, 2, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for index, header in enumerate(headers):
        justify: JustifyMethod = "right" if index in right else "left"
        table.add_column(header, justify=justify, overflow="fold")
    return table


def _bullets(lines: list[str]) -> RenderableType:
    table = _table()
    for line in lines:
        table.add_row("-", line)
    return table


def _first(steps: list[str]) -> list[str]:
    """The most pressing steps; the report has them all."""
    left = len(steps) - _SHOWN_STEPS
    return steps if left <= 1 else [*steps[:_SHOWN_STEPS], f"… and {left} more, in the report"]


def _case_line(record: Json) -> str:
    verdict = record.get("verdict") or {}
    score = f"{verdict.get('compromise_confidence_score')}, {verdict.get('score')} of 100"
    return f"{_who(record)}: {score}, {record.get('status')}"


def _verdict(record: Json) -> RenderableType:
    verdict = record.get("verdict")
    if not verdict:
        return Text("There is no verdict.", style="red")
    confidence = verdict["compromise_confidence_score"]
    headline = Text.assemble(
        (f"{confidence} confidence", _CONFIDENCE_STYLE.get(confidence, "bold green")),
        f" that {_who(record)} is compromised: {verdict['score']} of 100",
    )
    known = f"{verdict['completeness']:.0%} of the critical inputs known"
    # What a stronger reason of its group already says is named, but not explained again.
    also = [item for item in verdict["reasons"] if _COUNTED_WITH in item["evidence"]]
    table = _table("weight", "reason", right=(0,))
    for reason in verdict["reasons"]:
        if reason not in also:
            table.add_row(*_reason(reason))
    rows: list[RenderableType] = [headline, table]
    if also:
        titles = "; ".join(item["title"].lower() for item in also)
        rows.append(Text(f"Also seen, of no further weight: {titles}.", style="dim"))
    rows.append(Text(f"{known}; rules {verdict['ruleset']}.", style="dim"))
    return Group(*rows)


def _reason(reason: Json) -> tuple[Text, Text]:
    weight = reason["weight"]
    title = Text(reason["title"])
    if reason["technique"]:
        title.append(f"  {reason['technique']}", style="dim")
    title.append(f"\n{reason['evidence']}", style="dim")
    return Text(f"{weight:+.1f}", style="red" if weight > 0 else "green"), title


def _who(record: Json) -> str:
    account = record.get("account") or {}
    name = account.get("user_principal_name") or account.get("user_id")
    return str(name) if name else "an account nobody named"


def _actions(record: Json) -> RenderableType:
    table = _table("action", "target", "result", "read back")
    for item in record.get("actions", []):
        failed = item["status"] == "failed"
        verified = {True: ("verified", "green"), False: ("NOT in force", "bold red")}.get(
            item["verified"], ("not read back", "dim")
        )
        table.add_row(
            item["action"],
            _target(record, item["target"]),
            Text(item["status"], style="bold red" if failed else "green"),
            Text(*verified),
        )
        if undone := item.get("undone"):
            sure = ("verified", "green") if undone["verified"] else ("NOT verified", "bold red")
            table.add_row("", f"by {undone['by']}", "taken back", Text(*sure))
    rows: list[RenderableType] = [table] if table.row_count else [Text("Nothing: no action taken.")]
    not_done = {
        f"{item['action']} {_target(record, item['target'])}: {item['why']}"
        for item in record.get("plan", [])
        if item["disposition"] == "never" or not _was_done(record, item)
    }
    if decision := record.get("decision"):
        chosen = ", ".join(decision["actions"])
        said = f" “{decision['comment']}”" if decision["comment"] else ""
        rows.append(Text(f"Decided by {decision['decided_by']}: {chosen}.{said}"))
    if not_done:
        rows += [Text("Not done:", style="dim"), _bullets(sorted(not_done))]
    return Group(*rows)


def _was_done(record: Json, planned: Json) -> bool:
    return any(item["action"] == planned["action"] for item in record.get("actions", []))


def _target(record: Json, target: str) -> str:
    """An account's name instead of its object id."""
    account = record.get("account") or {}
    if target in (account.get("object_id"), account.get("user_id")):
        return str(account.get("user_principal_name") or target)
    return target


def _evidence(played: Played) -> RenderableType:
    items = played.evidence()
    if not items:
        return Text("Nothing was kept.", style="red")
    run = f"{played.record.get('run', '')}/"
    table = _table("evidence", "rows", "size", "sha256", right=(1, 2))
    for item in items:
        rows = "" if item["rows"] is None else str(item["rows"])
        digest = f"{item['sha256'][:_SHOWN_HASH]}…"
        name = item["name"].removeprefix(run)
        table.add_row(name, rows, format_size(item["size"]), Text(digest, style="dim"))
    where = played.block(BlockName.EVIDENCE)["outputs"].get("evidence_storage_location")
    place = "/".join(str(where).rsplit("/", 2)[-2:])
    text = f"in the container and folder {place}, exports in {run}, with a manifest"
    return Group(table, Text(text, style="dim"))


def _people(played: Played) -> RenderableType:
    block = played.block(BlockName.NOTIFICATION)
    outputs = block.get("outputs", {})
    table = _table()
    tickets = block.get("details", {}).get("tickets", [])
    numbers = [f"{one['ticket_id']} ({one['system']})" for one in tickets]
    if not numbers and (only := outputs.get("incident_ticket_id")):
        numbers = [only]
    table.add_row("ticket", ", ".join(numbers) or Text("none", style="red"))
    for channel, status in (outputs.get("analyst_notification_status") or {}).items():
        style = "red" if status["status"] == FAILED else ""
        said = f"{status['status']} {status['reason']}".strip().replace("_", " ")
        table.add_row(channel, Text(said, style=style))
    for note in block.get("notes", []):
        table.add_row("note", Text(note, style="yellow"))
    return table


def _sla(record: Json) -> RenderableType:
    sla = with_measures(record.get("sla", {}))
    table = _table("clock", "took", "target", "", right=(1, 2))
    for measure in sla.get("measures", []):
        took = "not yet" if measure["seconds"] is None else format_seconds(measure["seconds"])
        mark = {True: Text("✓", style="green"), False: Text("✗ late", style="bold red")}.get(
            measure["met"], Text("")
        )
        target = f"< {format_seconds(measure['target_seconds'])}"
        table.add_row(measure["title"], took, target, mark)
    return table


def _ledger(played: Played) -> RenderableType:
    effects = played.effects()
    table = _table("effect", "times", "on", right=(1,))
    record = played.record
    counts = Counter((label(entry), _short(_target(record, entry["target"]))) for entry in effects)
    for (name, target), count in counts.items():
        table.add_row(
            name, str(count), Text(target, style="dim", overflow="ellipsis", no_wrap=True)
        )
    odd = list(refused(played.ledger))
    total = f"{len(played.ledger)} requests, {len(effects)} of them with an effect; "
    if not odd:
        return Group(table, Text(f"{total}all kept to the vendors' official specifications."))
    return Group(
        table, Text(f"{total}{len(odd)} refused:", style="yellow"), _bullets(list(_refusals(odd)))
    )


def _refusals(entries: list[Json]) -> Iterator[str]:
    for entry in entries:
        yield f"{label(entry)} {entry['status']} {entry.get('violation', '')}".strip()


def _short(target: str) -> str:
    """The end of an ARM id says it all."""
    return target.rpartition("/")[2] or target
