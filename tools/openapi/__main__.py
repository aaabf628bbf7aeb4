"""``python -m tools.openapi`` writes docs/openapi.json."""

import json
from pathlib import Path

from tools.openapi.document import build

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def text() -> str:
    """Return the file's content as it has to be."""
    return json.dumps(build(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
