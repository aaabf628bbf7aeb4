"""What Azure does with a query and the lab's engine does differently without saying so."""

import re

type Schemas = dict[str, dict[str, str]]
"""Table name to column name to KQL type."""

_UNION = re.compile(r"\bunion\b(?P<operands>[^|;()]*)")
_WORD = re.compile(r"[A-Za-z_]\w*")


def union_conflict(text: str, schemas: Schemas) -> str | None:
    """Name a column that a bare ``union`` of tables would split in two.

    Azure gives ``Status_dynamic`` and ``Status_string`` where two tables disagree on the type of
    ``Status``; the engine gives one column ``Status``, so the query would only work here.
    """
    used = set(_WORD.findall(text))
    for found in _UNION.finditer(text):
        tables = [name for name in _WORD.findall(found["operands"]) if name in schemas]
        before = text[: found.start()].rstrip().removesuffix("|").rstrip()
        source = re.search(r"([A-Za-z_]\w*)$", before)
        if source and source[1] in schemas:
            tables.append(source[1])
        for column in sorted(used):
            kinds = {schemas[name][column] for name in tables if column in schemas[name]}
            if len(kinds) > 1:
                split = " and ".join(f"{column}_{kind}" for kind in sorted(kinds))
                return (
                    f"union of {', '.join(tables)}: Azure splits {column} into {split}, because "
                    "the tables disagree on its type; project every side to one type first"
                )
    return None
