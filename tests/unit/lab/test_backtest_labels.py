"""Labels: which accounts were compromised, since when, who says so."""

from pathlib import Path

import pytest

from lab.backtest.labels import (
    PUBLIC,
    Compromise,
    Expected,
    LabelError,
    LabelSet,
    load_labels,
    read_labels,
)


def labels(**fields: object) -> LabelSet:
    return LabelSet.model_validate({"files": ["*x*.csv"], "source": "we"} | fields)


def test_patterns_are_about_the_file_name() -> None:
    found = labels()

    assert found.matches("a/b/max.csv")
    assert found.matches("x.csv.gz")
    assert not found.matches("x.json")


def test_what_accounts_were() -> None:
    found = labels(
        compromised=[{"account": "Anna@contoso.example"}, {"account": "ben"}],
        benign=["carl"],
        attacker_addresses=["203.0.113.7", "198.51.100."],
    )

    assert found.expected("anna@contoso.example", set()) is Expected.COMPROMISED
    assert found.expected("ben@contoso.example", set()) is Expected.COMPROMISED
    assert found.expected("carl@contoso.example", {"198.51.100.9"}) is Expected.COMPROMISED
    assert found.expected("carl@contoso.example", {"203.0.113.70"}) is Expected.BENIGN
    assert found.expected("dora@contoso.example", set()) is None
    assert labels(complete=True).expected("dora", set()) is Expected.BENIGN
    assert found.compromise_of("ben@x") == Compromise(account="ben")


def test_labels_beside_the_data_come_first(tmp_path: Path) -> None:
    data = tmp_path / "cloudora_signin.csv"
    known = load_labels(data)
    assert known is not None
    assert "README" in known.source

    (tmp_path / "labels.yaml").write_text('- {files: ["*.csv"], source: ours}', encoding="utf-8")
    beside = load_labels(data)
    assert beside is not None
    assert beside.source == "ours"
    (tmp_path / "cloudora_signin.csv.labels.yaml").write_text(
        '- {files: ["*.csv"], source: nearest}', encoding="utf-8"
    )
    nearest = load_labels(data)
    assert nearest is not None
    assert nearest.source == "nearest"
    assert load_labels(tmp_path.parent / "unknown.bin") is None


@pytest.mark.parametrize("text", ["- {files: []}", "5", "- [", "- {files: [a], source: b, c: d}"])
def test_a_wrong_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match="labels"):
        read_labels(path)


def test_public_labels_can_be_read() -> None:
    for path in PUBLIC.glob("*.yaml"):
        assert read_labels(path)
