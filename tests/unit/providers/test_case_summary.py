from shared.providers.blob.cases import from_metadata, to_metadata
from shared.providers.blob.evidence import with_suffix


def test_a_summary_survives_the_way_through_headers() -> None:
    record = {
        "status": "contained",
        "incident": {"title": "Zoë\r\nX-Evil: 1; 100 % \N{ROCKET}"},
        "account": {"user_id": "zoë"},
        "verdict": {"compromise_confidence_score": "Medium"},
    }
    metadata = to_metadata("case-1", record)
    assert all(value.isascii() and value.isprintable() for value in metadata.values())
    summary = from_metadata(metadata)
    assert summary["title"] == record["incident"]["title"]  # type: ignore[index]
    assert (summary["account"], summary["confidence"]) == ("zoë", "Medium")


def test_a_summary_fits_into_a_blobs_metadata() -> None:
    long = "\N{ROCKET}" * 5000
    record = {
        "status": long,
        "incident": {"title": long},
        "account": {"user_principal_name": long},
        "verdict": {"compromise_confidence_score": long},
    }
    metadata = to_metadata("case-1", record)
    assert sum(len(key) + len(value) for key, value in metadata.items()) < 8 * 1024


def test_what_is_unknown_is_none() -> None:
    assert from_metadata({"case_id": "case-1"}) == {
        "case_id": "case-1",
        "status": None,
        "confidence": None,
        "account": None,
        "title": None,
        "updated_at": None,
    }
    assert "account" not in to_metadata("case-1", {"account": None, "verdict": None})


def test_a_suffix_goes_before_the_extension() -> None:
    assert with_suffix("signins.jsonl.gz", "1a") == "signins-1a.jsonl.gz"
    assert with_suffix("logs/edr", "1a") == "logs/edr-1a"
    assert with_suffix("a.b/edr.json", "1a") == "a.b/edr-1a.json"
