"""Who may import whom, enforced on the syntax tree of every product file.

models <- playbook <- orchestrators
models <- ports <- providers <- bootstrap <- activities, triggers
"""

import ast

import pytest

from tests.unit.source_files import ROOT, imports, module_name, product_files, within

OURS = frozenset({"function_app", "triggers", "orchestrators", "activities", "shared"})
NEVER = frozenset({"lab", "tests", "tools"})
NAMES = "orchestrators.names"

# Layer: what of our own code it may import, besides itself. The longest prefix of a module's name
# decides; a helper straight under shared/ serves the providers and everything above them.
LAYERS: dict[str, frozenset[str]] = {
    "shared.models": frozenset(),
    "shared.errors": frozenset({"shared.models"}),
    "shared.settings": frozenset({"shared.models", "shared.errors"}),
    "shared.telemetry": frozenset({"shared.models", "shared.errors", "shared.settings"}),
    "shared.playbook": frozenset({"shared.models"}),
    "shared.ports": frozenset({"shared.models"}),
    "shared.providers": frozenset({"shared"}),
    "shared.bootstrap": frozenset({"shared"}),
    "shared.warm_up": frozenset({"shared"}),
    "shared": frozenset({"shared"}),
    "orchestrators": frozenset({"shared.models", "shared.playbook"}),
    "activities": frozenset({"shared", NAMES}),
    "triggers": frozenset({"shared", NAMES}),
    "function_app": OURS,
}
# Exceptions to a wide permission above: layers that nothing below them may reach up to.
FORBIDDEN: dict[str, frozenset[str]] = {
    "shared.providers": frozenset({"shared.bootstrap", "shared.playbook"}),
    "shared": frozenset({"shared.bootstrap", "shared.providers", "shared.playbook"}),
}

# Orchestrators are replayed: the same history must give the same answers, on any machine, later.
# After temporalio/sdk-python (MIT), worker/workflow_sandbox/_restrictions.py.
NONDETERMINISTIC = frozenset(
    {
        *(
            "os",
            "sys",
            "platform",
            "getpass",
            "locale",
            "ctypes",
            "mmap",
            "fcntl",
            "shutil",
            "glob",
        ),
        *("io", "pathlib", "tempfile", "sqlite3", "zoneinfo", "subprocess", "signal", "webbrowser"),
        *("time", "random", "secrets", "uuid.uuid1", "uuid.uuid4", "logging"),
        *("asyncio", "concurrent", "threading", "multiprocessing", "queue", "select", "selectors"),
        *("socket", "socketserver", "ssl", "http", "urllib.request"),
        *("aiohttp", "httpx", "httpx_aiohttp", "requests", "grpc", "aiosmtplib", "stamina"),
        *("azure", "msal", "msgraph", "maxminddb", "jinja2", "opentelemetry"),
        *("dotenv", "pydantic_settings"),
    }
)
NONDETERMINISTIC_CALLS = frozenset({"open", "input", "print", "id", "hash", "exec", "eval"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})

# Models and playbook: values in, values out; the playbook's own tables lie in files beside it.
IMPURE = NONDETERMINISTIC - {"zoneinfo", "pathlib"}


def layer_of(module: str) -> str:
    return max((name for name in LAYERS if within(module, (name,))), key=len)


def is_allowed(module: str, imported: str) -> bool:
    layer = layer_of(module)
    if within(imported, (layer,)) and layer != "shared":
        return True
    return within(imported, LAYERS[layer]) and not within(
        imported, FORBIDDEN.get(layer, frozenset())
    )


@pytest.mark.parametrize("file", product_files())
def test_imports_of_our_own_code_follow_the_layers(file: str) -> None:
    module = module_name(file)
    wrong = [
        f"{file}:{found.line} imports {found.name}"
        for found in imports(file)
        if within(found.name, NEVER)
        or (within(found.name, OURS) and not is_allowed(module, found.name))
    ]
    assert not wrong, f"{layer_of(module)} may not: {wrong}"


@pytest.mark.parametrize("file", [f for f in product_files() if f.startswith("shared/")])
def test_shared_code_does_not_know_azure_functions(file: str) -> None:
    hosts = frozenset({"azure.functions", "azure.durable_functions"})
    assert not [found for found in imports(file) if within(found.name, hosts)]


@pytest.mark.parametrize("file", [f for f in product_files() if f.startswith("orchestrators/")])
def test_orchestrators_import_nothing_nondeterministic(file: str) -> None:
    assert not [found for found in imports(file) if within(found.name, NONDETERMINISTIC)]


@pytest.mark.parametrize("file", [f for f in product_files() if f.startswith("orchestrators/")])
def test_orchestrators_call_nothing_nondeterministic(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    wrong = [
        f"{file}:{node.lineno} calls {ast.unparse(node.func)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_nondeterministic(node.func)
    ]
    assert not wrong


def is_nondeterministic(function: ast.expr) -> bool:
    """A built-in of the deny-list, a random id, or a clock that is not the context's."""
    if isinstance(function, ast.Name):
        return function.id in NONDETERMINISTIC_CALLS
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value).split(".")[-1]
        return (owner in {"datetime", "date"} and function.attr in CLOCK_METHODS) or (
            owner == "uuid" and function.attr in {"uuid1", "uuid4"}
        )
    return False


@pytest.mark.parametrize(
    "file", [f for f in product_files() if f.startswith(("shared/playbook/", "shared/models/"))]
)
def test_models_and_playbook_do_no_input_or_output(file: str) -> None:
    assert not [found for found in imports(file) if within(found.name, IMPURE)]


@pytest.mark.parametrize("file", product_files())
def test_product_code_does_not_know_the_lab(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8").lower()
    assert not [word for word in ("lab_", "_lab/", "azurite", "devstoreaccount") if word in text]


@pytest.mark.parametrize(
    ("module", "imported", "allowed"),
    [
        ("shared.playbook.confidence.scoring", "shared.models.verdict", True),
        ("shared.playbook.confidence.scoring", "shared.playbook.sign_ins.travel", True),
        ("shared.playbook.confidence.scoring", "shared.settings", False),
        ("shared.providers.entra.directory", "shared.ports.Directory", True),
        ("shared.providers.entra.directory", "shared.bootstrap", False),
        ("shared.models.case", "shared.ports", False),
        ("shared.http", "shared.errors", True),
        ("shared.http", "shared.providers.entra", False),
        ("orchestrators.respond", "orchestrators.names", True),
        ("orchestrators.respond", "activities.decide", False),
        ("orchestrators.respond", "shared.providers.entra", False),
        ("activities.contain", "orchestrators.names.REVOKE", True),
        ("activities.contain", "orchestrators.respond", False),
        ("triggers.http", "activities.contain", False),
        ("function_app", "orchestrators.respond", True),
    ],
)
def test_the_rule_itself(module: str, imported: str, allowed: bool) -> None:
    assert is_allowed(module, imported) is allowed


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("datetime.now(UTC)", True),
        ("dt.datetime.utcnow()", True),
        ("uuid.uuid4()", True),
        ("open('x')", True),
        ("uuid.uuid5(NAMESPACE, 'x')", False),
        ("ctx.new_uuid()", False),
        ("datetime.fromisoformat(text)", False),
    ],
)
def test_the_deny_list_itself(call: str, expected: bool) -> None:
    expression = ast.parse(call, mode="eval").body
    assert isinstance(expression, ast.Call)
    assert is_nondeterministic(expression.func) is expected


def test_relative_and_late_imports_are_seen() -> None:
    source = "from ..ports import Directory\ndef f():\n    from . import b\n    import os.path\n"
    found = [i.name for i in imports("shared/providers/entra/a.py", ast.parse(source))]
    assert found == ["shared.providers.ports.Directory", "shared.providers.entra.b", "os.path"]
