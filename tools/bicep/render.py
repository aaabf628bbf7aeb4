"""An expression as text, in one way whatever the file's layout is."""

import re

from tools.bicep.syntax import (
    Array,
    Call,
    Choice,
    Expr,
    Index,
    Literal,
    Loop,
    Member,
    Name,
    Object,
    Operation,
    Text,
)

_PLAIN = re.compile(r"[A-Za-z_]\w*")


def render(expr: Expr | None) -> str:
    """Return the text of an expression; empty where there is none.

    Operations within others are in parentheses, so that what binds to what is seen.
    """
    match expr:
        case Text(parts=parts):
            inner = [one if isinstance(one, str) else f"${{{render(one)}}}" for one in parts]
            return f"'{''.join(inner)}'"
        case Literal(value=value):
            return "null" if value is None else str(value).lower()
        case Object(pairs=pairs):
            return f"{{{', '.join(f'{_key(key)}: {render(value)}' for key, value in pairs)}}}"
        case Array(items=items):
            return f"[{', '.join(map(render, items))}]"
        case Name(name=name):
            return name
        case Member(base=base, name=name):
            return f"{_within(base)}.{name}"
        case Index(base=base, key=key):
            return f"{_within(base)}[{render(key)}]"
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(render, arguments))})"
        case Choice(test=test, yes=yes, no=no):
            return f"{_within(test)} ? {_within(yes)} : {_within(no)}"
        case Operation(operands=operands, sign=sign):
            inside = [_within(one) for one in operands]
            return f"{sign}{inside[0]}" if len(inside) == 1 else f" {sign} ".join(inside)
        case Loop(variables=variables, over=over, body=body):
            names = variables[0] if len(variables) == 1 else f"({', '.join(variables)})"
            return f"[for {names} in {render(over)}: {render(body)}]"
    return ""


def _within(expr: Expr) -> str:
    plain = not isinstance(expr, Choice | Operation) or (
        isinstance(expr, Operation) and len(expr.operands) == 1
    )
    return render(expr) if plain else f"({render(expr)})"


def _key(key: Text) -> str:
    text = key.literal or ""
    return text if _PLAIN.fullmatch(text) else render(key)
