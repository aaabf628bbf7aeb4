"""Log files of every kind, read record by record; a broken one never loses the others."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.backtest.sources import LogFile, find_files

ROWS = [{"a": 1}, {"a": "x\ny"}, {"a": {"b": 2}}]


def columns(path: Path) -> list[object]:
    return [record.columns for record in LogFile(path, path.name).records()]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(row) for row in ROWS),
        "\n".join(json.dumps(row) for row in ROWS) + "\n\n",
        json.dumps(ROWS),
        json.dumps(ROWS, indent=4),
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        json.dumps({"records": ROWS}),
        "\ufeff" + json.dumps({"value": ROWS}, indent=1),
    ],
)
def test_json_in_every_wrapping(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(text, encoding="utf-8")
    assert columns(path) == ROWS


def test_a_broken_line_never_loses_the_others(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": 1}\n{"a": \n\x00\x01\n[1, 2]\n"text"\n{"a": 2}\n', encoding="utf-8")
    assert columns(path) == [{"a": 1}, None, None, None, None, {"a": 2}]


def test_a_broken_value_among_many_lines_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text('{\n "a": 1\n}\n{oops\n{\n "a": 2\n}\n', encoding="utf-8")
    assert columns(path) == [{"a": 1}, None, {"a": 2}]


def test_text_that_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "sshd.log"
    path.write_text("Dec 10 sshd: Failed\nDec 10 sshd: Failed\n", encoding="utf-8")
    assert columns(path) == [None, None]


def test_csv_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress('\ufeffa,b\n1,"x\ny"\n2\n'.encode()))
    assert columns(path) == [{"a": "1", "b": "x\ny"}, {"a": "2", "b": None}]


def test_yaml(tmp_path: Path) -> None:
    path = tmp_path / "log.yml"
    path.write_text("Logs:\n  - published: 2021-06-25T21:27:03Z\n", encoding="utf-8")
    assert columns(path) == [{"published": "2021-06-25 21:27:03+00:00"}]


def test_broken_compression_is_an_error_of_that_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(b"not gzip")
    with pytest.raises(OSError, match="gzip"):
        columns(path)


def test_labels_beside_a_record_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"expected_alert": True, "log": {"a": 1}}), encoding="utf-8")
    (record,) = LogFile(path, path.name).records()

    assert record.columns == {"a": 1}
    assert record.around["expected_alert"] is True


def test_a_folder_gives_its_logs_by_name(tmp_path: Path) -> None:
    for name in ("b/x.csv", "a.jsonl.gz", "labels.yaml", "a.jsonl.labels.yaml", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in find_files(tmp_path)] == ["a.jsonl.gz", "b/x.csv"]


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["x.json", "x.csv", "x.jsonl", "x.yml"]))
def test_no_bytes_break_the_readers(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(content)
    for record in LogFile(path, name).records():
        assert record.columns is None or isinstance(record.columns, dict)
