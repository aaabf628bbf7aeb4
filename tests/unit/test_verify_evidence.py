"""The command that checks a copy of the evidence, on a machine without the app."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from shared.bootstrap import set_providers
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID
from tests.unit.test_evidence_check import sealed_twice
from tools import verify_evidence


@pytest.fixture(scope="module")
def blobs() -> dict[str, bytes]:
    """All items of a sealed case."""
    house = FakeHouse()
    set_providers(house.providers)
    asyncio.run(sealed_twice(house))
    set_providers(None)
    return house.evidence.blobs


@pytest.fixture
def copy(blobs: dict[str, bytes], tmp_path: Path) -> Path:
    """The evidence in a folder, as a download leaves it."""
    for name, content in blobs.items():
        path = tmp_path / "copy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "copy"


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str) -> tuple[int, dict[str, str]]:
    """Run the command; return its exit status and the state of each item that is not ok."""
    report = folder.parent / "evidence.json"
    arguments = ["verify", CASE_ID, "--folder", str(folder), "--json", str(report), *more]
    monkeypatch.setattr(sys, "argv", arguments)
    status = verify_evidence.main()
    found = json.loads(report.read_text())
    assert found["sound"] is (status == 0)
    return status, {one["name"]: one["state"] for one in found["findings"] if one["state"] != "ok"}


@pytest.mark.parametrize("inner", ["", CASE_ID])
def test_a_copy_is_sound(monkeypatch: pytest.MonkeyPatch, copy: Path, inner: str) -> None:
    assert run(monkeypatch, copy / inner) == (0, {})


def test_a_flipped_byte_is_named_on_the_screen_too(
    monkeypatch: pytest.MonkeyPatch, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / CASE_ID / "logs.jsonl.gz"
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)
    assert run(monkeypatch, copy) == (1, {"logs.jsonl.gz": "altered"})
    shown = capsys.readouterr().out
    assert "ALTERED" in shown and "logs.jsonl.gz" in shown


def test_a_file_too_much_and_one_too_few_are_named(
    monkeypatch: pytest.MonkeyPatch, copy: Path
) -> None:
    (copy / CASE_ID / "answers" / "planted.json").write_text("{}")
    (copy / CASE_ID / "verdict.json").unlink()
    found = {"answers/planted.json": "added", "verdict.json": "missing"}
    assert run(monkeypatch, copy) == (1, found)


def test_the_tickets_hash_decides_about_the_manifest(
    monkeypatch: pytest.MonkeyPatch, copy: Path
) -> None:
    status, found = run(monkeypatch, copy, "--sha256", "0" * 64)
    assert (status, found) == (1, {"manifest named in the ticket": "missing"})


def test_an_empty_folder_is_not_sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert run(monkeypatch, tmp_path / "nothing") == (1, {"manifest.json": "missing"})


def test_a_store_that_cannot_be_read_is_another_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TOURNIQUET_BLOB_URL", "http://not-https.example")
    report = tmp_path / "evidence.json"
    monkeypatch.setattr(sys, "argv", ["verify", CASE_ID, "--json", str(report)])
    assert verify_evidence.main() == verify_evidence.CANNOT
    assert "https" in capsys.readouterr().err
    assert not report.exists()
