"""Translations that are kept between runs of the lab."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.simulators.kql.kept import KeptTranslations
from lab.simulators.kql.store import KqlStore
from lab.simulators.kql.translation import KqlTranslator, Translation

ROWS = {"SigninLogs": [{"TimeGenerated": "2026-11-20T12:00:00Z", "UserId": "a"}]}
QUERY = 'let who = "a";\nSigninLogs | where UserId =~ who | project UserId'
TABLES = {"T": {"a": "VARCHAR"}}
MADE = Translation("SELECT $kqlp0", {"kqlp0": "who"})


def test_a_second_lab_translates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = KqlStore(KeptTranslations(tmp_path))
    first.load(ROWS)
    answer = first.query(QUERY, None, None)
    assert answer.rows == [["a"]]

    def refuse(*_: object) -> None:
        raise AssertionError("translated again")

    monkeypatch.setattr(KqlTranslator, "translate", refuse)
    second = KqlStore(KeptTranslations(tmp_path))
    second.load(ROWS)
    assert second.query(QUERY, None, None) == answer


def test_a_text_with_its_values_in_it_is_not_kept(tmp_path: Path) -> None:
    store = KqlStore(KeptTranslations(tmp_path))
    store.load(ROWS)
    assert store.query("SigninLogs | where UserId == 'a' | count", None, None).rows == [[1]]
    assert list(tmp_path.iterdir()) == []


def test_what_it_was_made_of_decides(tmp_path: Path) -> None:
    kept = KeptTranslations(tmp_path)
    kept.keep("T", ("since",), TABLES, MADE)
    assert KeptTranslations(tmp_path).get("T", ("since",), TABLES) == MADE
    assert kept.get("T ", ("since",), TABLES) is None
    assert kept.get("T", (), TABLES) is None
    assert kept.get("T", ("since",), {"T": {"a": "JSON"}}) is None


def test_what_other_code_made_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeptTranslations(tmp_path).keep("T", (), TABLES, MADE)
    monkeypatch.setattr("duckdb_kql.__version__", "0")
    assert KeptTranslations(tmp_path).get("T", (), TABLES) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sql": "x"}'])
def test_a_broken_file_is_none(tmp_path: Path, content: str) -> None:
    kept = KeptTranslations(tmp_path)
    kept.keep("T", (), TABLES, MADE)
    (file,) = tmp_path.iterdir()
    file.write_text(content, encoding="utf-8")
    assert kept.get("T", (), TABLES) is None
    kept.keep("T", (), TABLES, MADE)
    assert kept.get("T", (), TABLES) == MADE


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = KeptTranslations(tmp_path / "file" / "folder")
    kept.keep("T", (), TABLES, MADE)
    assert kept.get("T", (), TABLES) is None


def test_there_is_an_end_to_what_is_kept(tmp_path: Path) -> None:
    kept = KeptTranslations(tmp_path)
    for number in range(600):
        kept.keep(f"T{number}", (), TABLES, MADE)
    assert len(list(tmp_path.iterdir())) == 350
    assert kept.get("T599", (), TABLES) == MADE
    assert kept.get("T0", (), TABLES) is None


def test_many_at_once_are_translated_as_one_after_the_other(tmp_path: Path) -> None:
    """A new lab is asked a case's hunts at the same moment."""
    hunts = [
        f"let who = 'a';\nSigninLogs | where UserId =~ who and IPAddress != '{n}'"
        " | summarize Seen = count(), Last = max(TimeGenerated) by UserId, IPAddress"
        " | extend Kind = iff(Seen > 1, strcat(UserId, IPAddress), tostring(Seen))"
        f" | where isnotempty(Kind) | project C{n} = Kind, Seen, Last"
        for n in range(24)
    ]
    alone = KqlStore(KeptTranslations(tmp_path / "alone"))
    together = KqlStore(KeptTranslations(tmp_path / "together"))
    for store in (alone, together):
        store.load(ROWS)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda text: together.query(text, None, None), hunts))
    assert answers == [alone.query(text, None, None) for text in hunts]
