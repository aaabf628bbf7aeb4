"""What the product's source must keep to where it reads what an attacker wrote."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.unit.regex_shape import hazards
from tests.unit.source_files import ROOT, product_files

_REGEX_CALLS = frozenset(
    {"compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
)
SHORT = {
    r"[^\s@()<>]+@[^\s@()<>]+\.[^\s@()<>]+": "owners of Sentinel's incidents: a field of 256",
}
"""Patterns that are slow on long text, and why theirs is short."""


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def nodes[N: ast.AST](kind: type[N]) -> Iterator[tuple[str, N]]:
    for file in product_files():
        yield from ((file, node) for node in ast.walk(tree(file)) if isinstance(node, kind))


def literal(node: ast.expr) -> str | None:
    """Return a text that is written in the source, also in parts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = literal(node.left), literal(node.right)
        return None if left is None or right is None else left + right
    return None


@cache
def constants(file: str) -> dict[str, ast.expr]:
    """What a module's names stand for that are given a value once, at its top."""
    found: dict[str, ast.expr] = {}
    for line in tree(file).body:
        targets = line.targets if isinstance(line, ast.Assign) else []
        targets = [line.target] if isinstance(line, ast.AnnAssign) else targets
        value = line.value if isinstance(line, ast.Assign | ast.AnnAssign) else None
        for one in targets:
            if isinstance(one, ast.Name) and value is not None:
                found[one.id] = value
    return found


def written(file: str, node: ast.expr) -> list[str]:
    """Every pattern that an expression can be, by constants of its module too; none: unreadable."""
    text = literal(node)
    if text is not None:
        return [text]
    named = constants(file)
    if isinstance(node, ast.Name) and node.id in named:
        return written(file, named[node.id])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = written(file, node.left), written(file, node.right)
        return [before + after for before in left for after in right]
    if isinstance(node, ast.JoinedStr):
        whole = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            whole = [before + after for before in whole for after in written(file, inner)]
        return whole
    if isinstance(node, ast.Name):
        return [one for given in _loops(file, node.id) for one in written(file, given)]
    return []


def _loops(file: str, name: str) -> Iterator[ast.expr]:
    """Yield what a loop over a table of the module puts into a name, row by row."""
    for loop in ast.walk(tree(file)):
        if not isinstance(loop, ast.For | ast.comprehension):
            continue
        table = loop.iter
        if isinstance(table, ast.Name):
            table = constants(file).get(table.id, table)
        names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        places = [i for i, one in enumerate(names) if ast.unparse(one) == name]
        if not places or not isinstance(table, ast.Tuple | ast.List):
            continue
        for row in table.elts:
            if not isinstance(loop.target, ast.Tuple):
                yield row
            elif isinstance(row, ast.Tuple):
                yield row.elts[places[0]]


def patterns() -> dict[str, str]:
    """Every regular expression of the product, with where it is; all must be readable here."""
    found: dict[str, str] = {}
    unread = []
    for file, call in nodes(ast.Call):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        is_re = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "re"
        given = [call.args[0]] if is_re and name in _REGEX_CALLS else []
        given += [one.value for one in call.keywords if one.arg == "pattern"]
        for node in given:
            place = f"{file}:{call.lineno}"
            texts = written(file, node)
            found |= dict.fromkeys(texts, place)
            unread += [] if texts else [f"{place} {ast.unparse(node)}"]
    assert unread == [], "a pattern that cannot be read is not tested"
    return found


def test_no_regular_expression_can_be_made_to_run_long() -> None:
    every = patterns()
    assert len(every) > 40, "the search for patterns finds too few"
    slow = {text: (place, hazards(text)) for text, place in every.items() if hazards(text)}
    assert set(slow) == set(SHORT), {text: slow[text] for text in set(slow) - set(SHORT)}


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a*)*", r"(\w+\s?)*$", "a*a*b", r"\d+\w+x", "(?:a|b+)+c", r"(x+x+)+y", ".*.*=.*",
     r"(\.?[a-z]+)*", "a{0,500}a{0,500}b"],
)  # fmt: skip
def test_a_slow_one_is_recognised(pattern: str) -> None:
    assert hazards(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a+b", r"S-1-[0-9]+(-[0-9]+)*", r"[a-z]+@[0-9]+\.[a-z]+", r"(a{1,3}){1,9}", "(/[a-z_]+)*",
     r"\s*=\s*x", "<([^>]+)>", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}"],
)  # fmt: skip
def test_a_quick_one_is_left_alone(pattern: str) -> None:
    assert not hazards(pattern)


def _names(handler: ast.expr | None) -> set[str]:
    if handler is None:
        return set()
    parts = handler.elts if isinstance(handler, ast.Tuple) else [handler]
    return {ast.unparse(one) for one in parts}


OWN_FILES = frozenset({"shared/evidence_check.py", "shared/providers/app_identity.py"})
"""They read what the app itself has written, or Entra has."""


def test_json_that_is_nested_too_deeply_is_an_error_like_any_other() -> None:
    wrong = []
    for file, attempt in nodes(ast.Try):
        reads = any(
            isinstance(one, ast.Call) and ast.unparse(one.func) == "json.loads"
            for line in attempt.body
            for one in ast.walk(line)
        )
        caught = set().union(*(_names(one.type) for one in attempt.handlers))
        if reads and "ValueError" in caught and "RecursionError" not in caught:
            wrong.append(f"{file}:{attempt.lineno}")
    assert [one for one in wrong if one.partition(":")[0] not in OWN_FILES] == []


_SECRET = re.compile(
    r"get_secret_value|(?:^|[._])(?:secret|signature|csrf|hmac|mac|api_key|automation_key|password)(?:$|[._(])"
)
CONSTANT_TIME = {
    "shared/case_links.py": "read_token",
    "shared/providers/slack/signature.py": "is_genuine",
    "triggers/identity.py": "has_automation_key",
}


def test_no_secret_is_compared_but_in_constant_time() -> None:
    wrong = []
    for file, compare in nodes(ast.Compare):
        if not any(isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in compare.ops):
            continue
        sides = [compare.left, *compare.comparators]
        # Whether there is one may be asked in any way.
        if any(isinstance(one, ast.Constant) and one.value in ("", None) for one in sides):
            continue
        texts = [ast.unparse(one) for one in sides if not isinstance(one, ast.Constant)]
        if any(_SECRET.search(text) for text in texts):
            wrong.append(f"{file}:{compare.lineno} {ast.unparse(compare)}")
    assert wrong == []


@pytest.mark.parametrize(("file", "function"), CONSTANT_TIME.items())
def test_what_lets_in_compares_in_constant_time(file: str, function: str) -> None:
    [found] = [
        node
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    called = {ast.unparse(one.func) for one in ast.walk(found) if isinstance(one, ast.Call)}
    assert "hmac.compare_digest" in called


NEVER_CALLED = {
    "create_check_status_response": "its answer holds addresses with the engine's system key",
    "create_http_management_payload": "the same",
    "get_client_response_links": "the same",
    "call_http": "an orchestration that asks any address is a way into the network",
}


@pytest.mark.parametrize("name", NEVER_CALLED)
def test_nothing_that_gives_a_key_or_an_address_away_is_called(name: str) -> None:
    assert [f"{file}:{one.lineno}" for file, one in nodes(ast.Attribute) if one.attr == name] == []


ASKS = {
    "shared/providers/http.py": "the only client: an address from the settings, https, no redirect",
    "shared/providers/sessions.py": "the client's pool, which Azure's SDKs share",
    "shared/providers/entra/graph.py": "the Graph SDK's own client, over the same session",
    "shared/providers/entra/transport.py": "that client's answers, with a bound",
}
_CLIENTS = ("aiohttp", "httpx", "requests", "urllib.request", "urllib3", "http.client", "socket")


def test_only_the_pooled_client_asks_any_address() -> None:
    used = set()
    for file, found in nodes(ast.Import):
        used |= {file for one in found.names if one.name in _CLIENTS}
    for file, whole in nodes(ast.ImportFrom):
        used |= {file} if whole.module in _CLIENTS else set()
    assert used == set(ASKS)
