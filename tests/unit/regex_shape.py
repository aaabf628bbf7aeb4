"""Whether a regular expression can be made to backtrack far, told from its structure.

Two shapes make matching slow: a repeat of a repeat whose parts can be cut in many ways, and two
repeats in a row that can hand characters to one another. Both are told by what characters each part
takes. Character sets are of Latin-1, with one member for all the rest.
"""

import importlib
from collections.abc import Iterator
from typing import Any

# Python's own reading of a pattern; typeshed does not know these modules.
c: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")
REST = 256
EVERY = frozenset(range(REST + 1))
_CATEGORY = {
    c.CATEGORY_DIGIT: frozenset({*range(48, 58), REST}),
    c.CATEGORY_SPACE: frozenset({*range(9, 14), *range(28, 33), 0x85, 0xA0, REST}),
    c.CATEGORY_WORD: frozenset({n for n in range(256) if chr(n).isalnum()} | {95, REST}),
}
_NEGATED = {
    c.CATEGORY_NOT_DIGIT: c.CATEGORY_DIGIT,
    c.CATEGORY_NOT_SPACE: c.CATEGORY_SPACE,
    c.CATEGORY_NOT_WORD: c.CATEGORY_WORD,
}
_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT)
MANY = 50
"""Repeats of up to so many are not counted as repeats: they cost a factor, not a power."""


def hazards(pattern: str, flags: int = 0) -> list[str]:
    """Return what in a pattern may be slow on text that does not match; empty: nothing."""
    return list(_in_sequence(parser.parse(pattern, flags)))


def _in_sequence(sequence: Any) -> Iterator[str]:
    parts = list(_flat(sequence))
    for number, (code, argument) in enumerate(parts):
        if _is_unbounded(code, argument):
            yield from _nested(argument[2])
            yield from _neighbours(parts, number)
        for inner in _inner(code, argument):
            yield from _in_sequence(inner)


def _nested(body: Any) -> Iterator[str]:
    """A repeat within a repeat is fine when each round begins with what no round goes on with."""
    parts = list(_flat(body))
    if not any(_is_unbounded(*part) or _has_unbounded(part) for part in parts):
        return
    first, *others = parts
    begins = _first(first)
    goes_on = frozenset().union(*(_takes(other) for other in others)) if others else EVERY
    if _may_be_empty(first) or begins & goes_on:
        yield "a repeat in a repeat"


def _neighbours(parts: list[Any], number: int) -> Iterator[str]:
    """Two repeats may share characters only when what stands between parts them."""
    own = _takes(parts[number])
    for other in parts[number + 1 :]:
        if _is_unbounded(*other) or _has_unbounded(other):
            if own & _takes(other) and own & _first(other):
                yield "two repeats of the same characters in a row"
            if not _may_be_empty(other) and not own & _first(other):
                return
        elif not _may_be_empty(other) and not own & _first(other):
            return


def _flat(sequence: Any) -> Iterator[Any]:
    for code, argument in sequence:
        if code is c.SUBPATTERN:
            yield from _flat(argument[3])
        elif code in (c.AT, c.ASSERT, c.ASSERT_NOT):
            continue
        else:
            yield code, argument


def _inner(code: Any, argument: Any) -> list[Any]:
    if code in _REPEATS:
        return [argument[2]]
    return list(argument[1]) if code is c.BRANCH else []


def _is_unbounded(code: Any, argument: Any) -> bool:
    return code in _REPEATS and (argument[1] is c.MAXREPEAT or argument[1] > MANY)


def _has_unbounded(part: Any) -> bool:
    return any(
        _is_unbounded(*one) or _has_unbounded(one) for body in _inner(*part) for one in _flat(body)
    )


def _may_be_empty(part: Any) -> bool:
    code, argument = part
    if code in _REPEATS:
        return argument[0] == 0 or all(_may_be_empty(one) for one in _flat(argument[2]))
    if code is c.BRANCH:
        return any(all(_may_be_empty(one) for one in _flat(body)) for body in argument[1])
    return code is c.GROUPREF


def _takes(part: Any) -> frozenset[int]:
    """Return every character that a part can take."""
    code, argument = part
    if bodies := _inner(code, argument):
        return frozenset().union(*(_takes(one) for body in bodies for one in _flat(body)))
    return _characters(code, argument)


def _first(part: Any) -> frozenset[int]:
    """Return the characters that a part can begin with."""
    code, argument = part
    bodies = _inner(code, argument)
    if not bodies:
        return _characters(code, argument)
    found: frozenset[int] = frozenset()
    for body in bodies:
        for one in _flat(body):
            found |= _first(one)
            if not _may_be_empty(one):
                break
    return found


def _characters(code: Any, argument: Any) -> frozenset[int]:
    if code is c.LITERAL:
        # Both cases of a letter: the pattern may ignore case.
        return frozenset(
            {min(ord(one), REST) for one in {*chr(argument).lower(), *chr(argument).upper()}}
        )
    if code is c.NOT_LITERAL:
        return EVERY - {argument}
    if code is c.RANGE:
        low, high = argument
        found = frozenset(min(n, REST) for n in range(low, min(high, REST) + 1))
        letters = {ord(one.swapcase()) for n in found if n < 128 and (one := chr(n)).isalpha()}
        return found | letters
    if code is c.CATEGORY:
        return (
            EVERY - _CATEGORY[_NEGATED[argument]] if argument in _NEGATED else _CATEGORY[argument]
        )
    if code is c.IN:
        negated = argument[0][0] is c.NEGATE
        found = frozenset().union(
            *(_characters(*one) for one in argument if one[0] is not c.NEGATE)
        )
        return (EVERY - found) | {REST} if negated else found
    return EVERY
