"""Checks infra/ without Azure and without a Bicep compiler: `tools/check_infra.py`.

Syntax, names, types and house rules of the Bicep files (``tools/bicep``); parameters, relay,
``azure.yaml`` and workflow (``tools/infra``); then checkov's policies, which live in an environment
of their own (``tools/checkov``). Exit status 1 and a line for each problem.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools.bicep.check import check  # noqa: E402
from tools.bicep.reader import read_folder  # noqa: E402
from tools.infra import files, policies  # noqa: E402

INFRA = ROOT / "infra"


def main() -> int:
    """Check everything; print what is wrong."""
    bicep = read_folder(INFRA)
    problems = [str(one) for one in check(bicep)]
    problems += files.check(ROOT, bicep)
    problems += policies.check(INFRA)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        resources = sum(len(one.resources) for one in bicep.values())
        print(f"{len(bicep)} Bicep files with {resources} resources are right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
