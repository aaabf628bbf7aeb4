"""Write the tables of docs/permissions.md from shared/permissions; `--check` only compares.

Exit status: 0 written, or nothing to write; 1 with `--check` when the page is not what the code
says. Text around the tables is written by hand and stays.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shared.permissions import DIRECTORY_ROLES, GRANTS, NEEDS, Need, Section  # noqa: E402
from shared.permissions.callers import DOORS, Door, Way, When  # noqa: E402

PAGE = ROOT / "docs" / "permissions.md"
MARK = "<!-- table {name}: made by tools/write_permissions.py from shared/permissions -->"
END = "<!-- end of table -->"
MORE_THAN = {
    Way.FUNCTION_KEY: (Way.APPROVER_AND_KEY, Way.BOTH_KEYS),
    Way.AUTOMATION_KEY: (Way.BOTH_KEYS,),
    Way.APPROVER: (Way.APPROVER_AND_LINK, Way.APPROVER_AND_KEY),
    Way.REPORT_LINK: (Way.READER_AND_LINK,),
}
NAMED = (Section.GRAPH, Section.DEFENDER, Section.AZURE, Section.OKTA)
"""Sections whose permissions are names of the vendor's; the others are sentences."""


def main() -> int:
    """Write the page, or say whether it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    written = render(text)
    if "--check" in sys.argv[1:]:
        print("docs/permissions.md is " + ("up to date" if text == written else "out of date"))
        return int(text != written)
    PAGE.write_text(written, encoding="utf-8")
    return 0


def render(page: str) -> str:
    """Return the page with every marked table made anew.

    Raises:
        ValueError: a table's mark is missing.
    """
    for name, lines in tables().items():
        start = MARK.format(name=name)
        place = re.compile(f"{re.escape(start)}.*?{re.escape(END)}", re.DOTALL)
        table = "\n".join([start, "", *lines, "", END])
        page, count = place.subn(table.replace("\\", r"\\"), page)
        if count != 1:
            raise ValueError(f"docs/permissions.md has {count} marks of table {name}")
    return page


def tables() -> dict[str, list[str]]:
    """Return every table by name, as lines of Markdown."""
    found = {str(section): _table(section) for section in Section}
    own = {"directory-roles": _directory_roles(), "deployment": _deployment()}
    return found | own | {"callers": _callers()}


def _table(section: Section) -> list[str]:
    titles = {
        Section.GRAPH: ("Application permission", "App role id"),
        Section.DEFENDER: ("Application permission", "App role id"),
        Section.AZURE: ("Role and scope", "Role id"),
        Section.OKTA: ("Scope", ""),
        Section.OTHER: ("Needs", ""),
    }[section]
    head = ["What for", "Operation", *(one for one in titles if one), "Switched on by"]
    rows = [_row(need, with_id=bool(titles[1])) for need in NEEDS if need.section is section]
    return _markdown([*head, "Without it"], rows)


def _row(need: Need, *, with_id: bool) -> list[str]:
    permission = f"`{need.permission}`" if "." in need.permission and _is_named(need) else ""
    permission = permission or need.permission
    where = f" on {need.scope}" if need.scope and not need.also else ""
    also = f" {need.also}" if need.also else ""
    also += f", on {need.scope}" if need.scope and need.also else ""
    role_id = [f"`{need.role_id}`" if need.role_id else "your own"] if with_id else []
    return [
        need.purpose,
        ", ".join(f"`{one}`" for one in need.operations),
        permission + where + also,
        *role_id,
        f"`{need.switched_on_by}`" if need.switched_on_by else "always",
        need.without,
    ]


def _is_named(need: Need) -> bool:
    return need.section in NAMED


def _directory_roles() -> list[str]:
    rows = [[one.target, one.name, f"`{one.template_id}`"] for one in DIRECTORY_ROLES]
    rows.append(["Disabling an account without a role", "none", "-"])
    return _markdown(["Target", "Least directory role", "Role template id"], rows)


def _deployment() -> list[str]:
    rows = [
        [
            one.holder[0].upper() + one.holder[1:],
            one.purpose,
            (one.role if one.role_id else f"`{one.role}`: a custom role") + f" on {one.scope}",
            f"`{one.role_id}`" if one.role_id else "your own",
            one.only_with or "always",
        ]
        for one in GRANTS
    ]
    return _markdown(["Who", "What for", "Role and scope", "Role id", "Switched on by"], rows)


def _callers() -> list[str]:
    rows = [[f"`{name}`", "; ".join(_opened_by(door)) or "nothing"] for name, door in DOORS.items()]
    return _markdown(["Route", "Opened by"], rows)


def _opened_by(door: Door) -> list[str]:
    """Return what opens a route; what has more to it is not named where less is enough."""
    ways = dict(door.ways)
    for enough, more in MORE_THAN.items():
        if ways.get(enough) is When.ALWAYS:
            for way in more:
                ways.pop(way, None)
    return [way if when is When.ALWAYS else f"{way} ({when})" for way, when in ways.items()]


def _markdown(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [_line(head), _line(["---"] * len(head)), *map(_line, rows)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
