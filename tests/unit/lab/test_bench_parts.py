"""What the bench reads of an import profile, and of logs of different sizes."""

from pathlib import Path

from lab.bench.imports import read_profile
from lab.bench.rows import measure_sign_ins


def test_imports_are_counted_by_package() -> None:
    lines = [
        "import time: self [us] | cumulative | imported package",
        "import time:      1500 |       1500 |   azure.core.rest",
        "import time:       500 |       2000 | azure.core",
        "a warning",
        "import time:       250 |        250 | pydantic.main",
    ]
    found = read_profile("\n".join(lines))
    assert (found.total_ms, found.modules) == (2.2, 3)
    assert found.packages_ms == {"azure.core": 2.0, "pydantic": 0.2}


def test_no_more_sign_ins_are_read_than_are_asked_for(tmp_path: Path) -> None:
    found = measure_sign_ins(tmp_path / "log.jsonl", (10, 200))
    assert {size: one.read for size, one in found.items()} == {"10": 10, "200": 200}
    assert all(one.cpu_s >= 0 for one in found.values())
