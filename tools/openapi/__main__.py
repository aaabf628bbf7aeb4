"""``python -m tools.openapi`` writes docs/openapi.json; ``--check`` only compares."""

import json
import sys
from pathlib import Path

from tools.openapi.document import build

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def text() -> str:
    """Return the file's content as it has to be."""
    return json.dumps(build(), indent=1) + "\n"


def main() -> int:
    """Write the file; with ``--check`` say by the exit status whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
