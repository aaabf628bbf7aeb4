"""The repository's source files, as the tests about source code see them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("function_app.py", "triggers", "orchestrators", "activities", "shared")


@cache
def repository_files() -> tuple[str, ...]:
    """Names of the files that are, or are about to be, part of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(n for n in set(listing.split("\0")) if n and (ROOT / n).is_file()))


def product_files() -> list[str]:
    """Names of the Python files that are deployed."""
    return [n for n in repository_files() if n.endswith(".py") and n.split("/")[0] in PRODUCT]


@dataclass(frozen=True)
class Import:
    """One name that a module asks for, in absolute form."""

    name: str
    line: int


def module_name(file: str) -> str:
    """`shared/models/case.py` is `shared.models.case`; a package is named by its folder."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(file: str, tree: ast.Module | None = None) -> Iterator[Import]:
    """Yield every import of a file, also those inside functions and under TYPE_CHECKING.

    `from package import name` yields `package.name`, because `name` may be a module.
    """
    tree = tree or ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    package = module_name(file).split(".")
    if not file.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno)


def within(name: str, packages: tuple[str, ...] | frozenset[str]) -> bool:
    """Tell whether a dotted name is one of these packages or lies inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)
