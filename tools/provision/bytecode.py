"""Bytecode for the package: what a new instance would otherwise compile anew at every start.

Python keeps what it has compiled beside the source, but no new instance of the app finds anything
there, and most of a start is compiling. A file's time says nothing after packaging, so the bytecode
says of which content it is instead (PEP 552). Of a package, which nobody edits, that is believed;
of the code in the checkout it is checked at every start, so that none is older than its source.
"""

import sys
from pathlib import Path

CODE = ("function_app.py", "activities", "orchestrators", "shared", "triggers")
"""What is deployed of the checkout."""
LEFT_AS_SOURCE = "msgraph"
"""17,000 files of which the app imports some twenty: their bytecode would only be downloaded."""
# Isolated: no variable of this shell may lead the bytecode elsewhere.
_COMPILE = (sys.executable, "-I", "-m", "compileall", "-q", "-f", "-j", "0")


def packages_command(folder: Path) -> list[str]:
    """Return the command line that compiles the packages in a folder, for the Python it runs in."""
    trusted = ("--invalidation-mode", "unchecked-hash", "-x", rf"[\\/]{LEFT_AS_SOURCE}[\\/]")
    return [*_COMPILE, *trusted, "-s", str(folder), str(folder)]


def code_command(root: Path) -> list[str]:
    """Return the command line that compiles the app's own code in a checkout."""
    sources = [str(root / name) for name in CODE]
    return [*_COMPILE, "--invalidation-mode", "checked-hash", "-s", str(root), *sources]
