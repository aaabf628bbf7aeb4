"""No value of a secret in a template: not as a default, not as a text, not in an output.

A secret has no name that tells it: so no parameter may have a text by default that is not one of
its allowed values or an address range.
"""

import re
from collections.abc import Iterator

from tools.bicep.syntax import Array, BicepFile, Declaration, Problem, Text, walk

SOUNDS_SECRET = re.compile(
    r"password|pwd|secret$|token|credential|api_?key|account_?key|bearer|header|sas_?url",
    re.IGNORECASE,
)
LOOKS_SECRET = re.compile(
    r"\bBearer \S|AccountKey=|SharedAccessKey=|[?&]sig=|-----BEGIN|\bBasic [A-Za-z0-9+/]{8}"
)
RANGE = re.compile(r"\d+(\.\d+){3}/\d+")
SECURE = "secure"


def check_secrets(file: BicepFile) -> Iterator[Problem]:
    """Yield what is or may become a secret that can be read."""
    for param in file.params.values():
        message = _problem(param)
        if message:
            yield Problem(file.path, param.line, "secret", f"{param.name} {message}")
    for expr in file.expressions():
        for one in walk(expr):
            parts = one.parts if isinstance(one, Text) else ()
            if LOOKS_SECRET.search("".join(part for part in parts if isinstance(part, str))):
                yield Problem(file.path, one.line, "secret", "a text looks like a secret")


def _problem(param: Declaration) -> str:
    text = param.value.literal if isinstance(param.value, Text) else None
    if SECURE in param.decorators:
        return "" if param.value is None or text == "" else "is @secure() and has a default"
    if SOUNDS_SECRET.search(param.name):
        return "sounds like a secret and is not @secure()"
    plain = not isinstance(param.value, Text) or text == "" or text in _allowed(param)
    return "" if plain or RANGE.fullmatch(text or "") else "has a text by default"


def _allowed(param: Declaration) -> set[str | None]:
    lists = [one for one in param.decorators.get("allowed", ()) if isinstance(one, Array)]
    return {item.literal for one in lists for item in one.items if isinstance(item, Text)}
