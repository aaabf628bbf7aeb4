"""The whole backtest on small logs: table, JSON, page, comparison, labels."""

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lab.backtest.charts import calibration, score_histogram
from lab.backtest.command import run_backtest
from lab.backtest.generate import generate
from lab.backtest.results import Bin
from lab.errors import LabError

SAMPLES = Path("tests/data/sign_ins")


class Run:
    """One run of the command and what it left behind."""

    def __init__(self, data: Path, folder: Path, **options: Any) -> None:
        out = io.StringIO()
        defaults: dict[str, Any] = {"addresses": [], "against": None, "check": True}
        self.status = run_backtest(
            Console(file=out, width=100), data, folder=folder, **defaults | options
        )
        self.text = out.getvalue()
        self.page = (folder / "backtest.html").read_text(encoding="utf-8")
        self.json: dict[str, Any] = json.loads((folder / "backtest.json").read_bytes())

    def file(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(f for f in self.json["files"] if f["file"] == name)
        return found


def test_real_samples(tmp_path: Path) -> None:
    run = Run(SAMPLES, tmp_path)

    assert run.status == 0
    assert run.json["skipped"] == []
    lidia = "lidia@contoso.onmicrosoft.com"
    spray = run.file("msolspray.json")
    assert (spray["rows"], spray["sign_ins"], spray["accounts"]) == (11, 11, 9)
    assert spray["detections"]["password_spray"] == [lidia]
    assert spray["expected"][lidia] == "compromised"
    assert spray["verdicts"] == {lidia: "High"}
    assert run.file("mfa_sweep.csv")["verdicts"] == {lidia: "Medium"}
    assert run.file("pingid_mfa_fatigue.log")["detections"]["mfa_fatigue"] == ["victim_user"]
    assert all(file["detections"]["brute_force_success"] == [] for file in run.json["files"])
    assert run.json["recall"] is not None
    assert "msolspray.json" in run.text


def test_generated_log_and_comparison(tmp_path: Path) -> None:
    log, folder = tmp_path / "log.jsonl", tmp_path / "out"
    made = generate(log, rows=3_000)
    run = Run(log, folder)

    assert run.status == 0
    result = run.file("log.jsonl")
    assert (result["rows"], result["accounts"]) == (made.rows, made.accounts)
    assert result["detections"]["brute_force_success"] == made.compromised
    assert {result["verdicts"][name] for name in made.compromised} == {"High"}
    assert run.json["confusion"]["true_positive"] == len(made.compromised)
    assert run.json["recall"] == run.json["recall_high"] == 1.0
    assert run.json["compared"] is None

    earlier = json.loads((folder / "backtest.json").read_bytes())
    earlier["files"][0]["verdicts"][made.compromised[0]] = "Low"
    earlier["ruleset"] = "old"
    (folder / "backtest.json").write_text(json.dumps(earlier), encoding="utf-8")
    again = Run(log, folder)
    assert again.json["compared"]["ruleset"] == "old"
    (change,) = again.json["compared"]["changes"]
    assert (change["account"], change["before"], change["after"]) == (
        made.compromised[0],
        "Low",
        "High",
    )
    assert "Difference to ruleset old" in again.page
    assert (folder / "backtest.previous.json").is_file()
    against = Run(log, folder, against=folder / "backtest.previous.json")
    assert against.json["compared"]["changes_in_all"] == 1


def test_generated_bytes_depend_on_the_seed_alone(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, rows=500, seed=seed)
    same = (tmp_path / "a").read_bytes()

    assert (tmp_path / "b").read_bytes() == same
    assert (tmp_path / "c").read_bytes() != same


def test_a_detection_that_misses_fails_the_check(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text((SAMPLES / "msolspray.json").read_text(encoding="utf-8"), encoding="utf-8")
    labels = [
        {"files": ["*"], "source": "we", "detections": {"mfa_fatigue": ["x"], "password_spray": []}}
    ]
    (tmp_path / "labels.yaml").write_text(json.dumps(labels), encoding="utf-8")
    run = Run(log, tmp_path / "out")

    assert run.status == 1
    assert "missed x" in run.text
    assert "found lidia@contoso.onmicrosoft.com" in run.text
    assert Run(log, tmp_path / "out", check=False).status == 0


def test_an_account_compromised_since_a_time_counts_twice(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    made = generate(log, rows=600)
    name = made.compromised[0]
    labels = [
        {
            "files": ["*"],
            "source": "we",
            "complete": True,
            "compromised": [{"account": name, "since": "2026-11-14T00:00:00Z"}],
        }
    ]
    (tmp_path / "log.jsonl.labels.yaml").write_text(json.dumps(labels), encoding="utf-8")
    confusion = Run(log, tmp_path / "out").json["confusion"]

    assert sum(confusion["compromised"].values()) == 1
    assert sum(confusion["benign"].values()) == made.accounts


def test_labels_that_stand_in_the_records(tmp_path: Path) -> None:
    row = {
        "TimeGenerated": "2026-11-20T12:00:00Z",
        "CorrelationId": "a",
        "UserPrincipalName": "anna",
        "IPAddress": "203.0.113.7",
        "ResultType": "0",
        "RiskLevelDuringSignIn": "high",
    }
    log = tmp_path / "log.jsonl"
    records = [{"case": f"{n}", "bad": n == 1, "log": row | {"Id": f"{n}"}} for n in range(3)]
    log.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    labels = [{"files": ["*"], "source": "we", "records": {"field": "bad", "case": ["case"]}}]
    (tmp_path / "labels.yaml").write_text(json.dumps(labels), encoding="utf-8")
    expected = Run(log, tmp_path / "out").file("log.jsonl")["expected"]

    assert expected == {"0": "benign", "1": "compromised", "2": "benign"}


def test_addresses_place_sign_ins_that_name_no_place(tmp_path: Path) -> None:
    def row(n: int, minute: int, address: str) -> dict[str, Any]:
        return {
            "CreationTime": f"2026-11-{n:02}T12:{minute:02}:00",
            "Id": f"{n}-{minute}",
            "Operation": "UserLoggedIn",
            "UserId": "anna@contoso.example",
            "ClientIP": address,
        }

    log, table = tmp_path / "audit.jsonl", tmp_path / "addresses.csv"
    rows = [row(n, 0, "198.51.100.20") for n in range(1, 15)] + [row(14, 20, "203.0.113.7")]
    log.write_text("\n".join(json.dumps(one) for one in rows), encoding="utf-8")
    table.write_text(
        "ip,country,city,lat,lon,asn\n198.51.100.20,NL,Utrecht,52.1,5.1,1\n"
        "203.0.113.7,UA,Kyiv,50.4,30.5,2\n",
        encoding="utf-8",
    )

    found = Run(log, tmp_path, addresses=[table]).file("audit.jsonl")
    assert found["detections"]["impossible_travel"] == ["anna@contoso.example"]
    assert "held at Medium" in found["notes"][0]
    assert Run(log, tmp_path).file("audit.jsonl")["detections"]["impossible_travel"] == []


def test_what_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no log files"):
        Run(tmp_path / "nowhere", tmp_path)
    log = tmp_path / "log.csv"
    log.write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(LabError, match="no column 'ip'"):
        Run(log, tmp_path, addresses=[log])
    with pytest.raises(LabError, match="not a result"):
        Run(log, tmp_path, against=log)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"broken")
    (tmp_path / "b.csv").write_text("a\n1\n", encoding="utf-8")
    run = Run(tmp_path, tmp_path / "out")

    assert [file["file"] for file in run.json["files"]] == ["b.csv"]
    assert "a.csv.gz could not be read" in run.json["skipped"][0]


def test_what_a_log_says_is_text_on_the_page(tmp_path: Path) -> None:
    log = tmp_path / "<b>.jsonl"
    lines = (SAMPLES / "msolspray.json").read_text(encoding="utf-8")
    log.write_text(lines.replace("contoso", "<script>alert(1)"), encoding="utf-8")
    page = Run(log, tmp_path / "out").page

    assert "<script" not in page
    assert "<b>" not in page


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=10, max_size=10))
def test_pictures_are_well_formed(numbers: list[tuple[int, int, int]]) -> None:
    bins = [
        Bin(start=10 * index, compromised=bad, benign=good, unlabelled=other)
        for index, (bad, good, other) in enumerate(numbers)
    ]
    for picture in (calibration(bins), score_histogram(bins)):
        assert ElementTree.fromstring(picture).tag.endswith("}svg")  # noqa: S314 - our own text
