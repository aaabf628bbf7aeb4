"""Values in commands that people paste: what an attacker named must not become a command.

Source: PowerShell's "about_Quoting_Rules" (a quote inside single quotes is doubled; typographic
quotes count as quotes) and the KQL string literal.
"""

import json

from shared.playbook.intake.fields import one_line

_SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
_LIMIT = 400


def powershell(value: object) -> str:
    """Return a value as a PowerShell string in single quotes, in which nothing is expanded."""
    text = one_line(value, _LIMIT)
    return "'" + "".join(char * 2 if char in _SINGLE_QUOTES else char for char in text) + "'"


def kql(value: object) -> str:
    """Return a value as a KQL string literal."""
    return json.dumps(one_line(value, _LIMIT), ensure_ascii=False)
