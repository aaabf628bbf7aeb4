"""CASE over ``typeof`` in SQL: which branch it chooses when the types are known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.simulators.kql.sql_text import Token, tokens, unquoted

_PARTS = ("WHEN", "THEN", "ELSE", "END")


@dataclass(frozen=True, slots=True)
class _Case:
    """A CASE: what stands before its first WHEN, each WHEN with its THEN, the ELSE."""

    subject: Sequence[Token]
    branches: Sequence[tuple[Sequence[Token], Sequence[Token]]]
    otherwise: Sequence[Token]
    last: int


def replaced_cases(sql: str, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield every outermost CASE that ``types`` decide, and the text that takes its place.

    A CASE about other columns than those of ``types`` is left out.
    """
    found = tokens(sql)
    at = 0
    while at < len(found):
        chosen, last = None, at
        if found[at].text.upper() == "CASE":
            case = _case(found, at)
            chosen, last = _chosen(case, types), case.last
        if chosen and _is_known(found[at : last + 1], types):
            text = sql[chosen[0].start : chosen[-1].end]
            text = with_replaced(text, replaced_cases(text, types))
            yield sql[found[at].start : found[last].end], f"({text})"
            at = last
        at += 1


def with_replaced(sql: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return ``sql`` with the first of each pair replaced by the second, the longest first."""
    for long, short in sorted(set(pairs), key=lambda pair: len(pair[0]), reverse=True):
        sql = sql.replace(long, short)
    return sql


def _case(found: Sequence[Token], start: int) -> _Case:
    """Take the CASE at index ``start`` apart."""
    marks, deep, at = [start], 1, start
    while deep:
        at += 1
        word = found[at].text.upper()
        if deep == 1 and word in _PARTS:
            marks.append(at)
        deep += (word == "CASE") - (word == "END")
    pieces = [(found[a].text.upper(), found[a + 1 : b]) for a, b in pairwise(marks)]
    whens = [piece for word, piece in pieces if word == "WHEN"]
    thens = [piece for word, piece in pieces if word == "THEN"]
    otherwise = next((piece for word, piece in pieces if word == "ELSE"), [])
    return _Case(pieces[0][1], list(zip(whens, thens, strict=True)), otherwise, at)


def _chosen(case: _Case, types: Mapping[str, str]) -> Sequence[Token] | None:
    """Return the branch that is taken, None if that cannot be told."""
    for when, then in case.branches:
        condition = [token.text for token in when]
        if case.subject:
            condition = [*(token.text for token in case.subject), "=", *condition]
        holds = _holds(condition, types)
        if holds is None:
            return None
        if holds:
            return then
    return case.otherwise or None


def _holds(condition: Sequence[str], types: Mapping[str, str]) -> bool | None:
    """Tell whether ``typeof(x) = 'T'`` or ``typeof(x) IN ('T', ...)``; None for all else."""
    match condition:
        case ["typeof", "(", *operand, ")", "=", wanted] if wanted.startswith("'"):
            kinds = [wanted]
        case ["typeof", "(", name, ")", "IN", "(", *listed, ")"] if all(
            text == "," if i % 2 else text.startswith("'") for i, text in enumerate(listed)
        ):
            operand, kinds = [name], listed[::2]
        case _:
            return None
    kind = _kind(operand, types)
    return None if kind is None else f"'{kind}'" in kinds


def _kind(operand: Sequence[str], types: Mapping[str, str]) -> str | None:
    """The type of a column, of a text, or of what is made a text."""
    match operand:
        case [name] if name.startswith('"'):
            return types.get(unquoted(name))
        case [text] if text.startswith("'"):
            return "VARCHAR"
        case ["CAST", "(", _, "AS", "VARCHAR", ")"]:
            return "VARCHAR"
    return None


def _is_known(found: Sequence[Token], types: Mapping[str, str]) -> bool:
    return all(token.name in types for token in found if token.text.startswith('"'))
