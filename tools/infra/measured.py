"""Queries of what the app measures have one form, so that none is deaf by a detail.

The app's lines are JSON in ``AppTraces.Message`` as ``shared/telemetry`` writes it, with a blank
after each colon. Everything else of the table is the host's and says nothing of a case.
"""

import re
from collections.abc import Iterator, Mapping

MEASURED = "AppTraces"
READ = {
    MEASURED: {"Message", "ItemCount", "TimeGenerated"},
    "AppRequests": {"ItemCount", "Success", "DurationMs", "TimeGenerated"},
    "Usage": {"IsBillable", "Quantity", "DataType", "TimeGenerated"},
}
"""Columns in use, by table."""
START = re.compile(
    r"AppTraces\n"
    r"\| where Message contains '\"name\": \"tourniquet\.[a-z_.]+(\"|\.)?'\n"
    r"\| extend one = parse_json\(Message\)\n"
)
OTHERWISE = re.compile(r"\bone\s*\[|=~|!~|\bin~|\b(?:has|has_any|startswith|matches regex)\b")
"""Ways of reading and comparing that nothing here can follow."""
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_COMMENT = re.compile(r"^\s*//[^\n]*\n", re.MULTILINE)


def check_form(query: str, tables: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield what is not in that form."""
    query = _COMMENT.sub("", query)
    table = query.split(maxsplit=1)[0] if query.strip() else ""
    if table not in READ:
        yield f"{table} is no table in use"
        return
    rest = query
    if table == MEASURED:
        begins = START.match(query)
        if not begins:
            yield "does not begin as queries of what is measured do"
        rest = query[begins.end() :] if begins else query
        if begins and "Message" in rest:
            yield "reads Message another way"
    words = set(re.findall(r"\b[A-Za-z_]\w*\b", _TEXT.sub("", rest)))
    for column in sorted(words & tables[table].keys() - READ[table]):
        yield f"reads {column}, which is not the app's"
    found = OTHERWISE.search(_TEXT.sub("", rest))
    if found:
        yield f"{found[0]} is not in use: nothing checks what it compares"
