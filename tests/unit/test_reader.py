"""What an activity that reads gets of a case is all that it reads."""

import re

import pytest

from shared.models.case import FOR_PEOPLE_ONLY, CaseRequest, Incident
from tests.support.scripts import case_payload
from tests.unit.source_files import ROOT, repository_files

READERS = ("activities/", "shared/playbook/")
TELLERS = ("shared/playbook/reporting/", "shared/playbook/intake/")
"""They work on records, and on the incidents as they came."""
FILES = [
    name
    for name in repository_files()
    if name.endswith(".py") and name.startswith(READERS) and not name.startswith(TELLERS)
]
LEFT_OUT = re.compile(rf"incident\.({'|'.join(sorted(FOR_PEOPLE_ONLY))})\b")


def test_a_reader_gets_the_case_without_what_is_for_people() -> None:
    incident = {
        "source": "sentinel",
        "incident_id": "1",
        "title": "A title",
        "description": "long",
        "tactics": ["InitialAccess"],
        "last_activity_at": "2026-11-20T12:00:00Z",
    }
    case = CaseRequest.model_validate(case_payload(incident=incident))
    got = CaseRequest.model_validate(case.to_reader())
    assert set(Incident.model_fields) - set(case.to_reader()["incident"]) == FOR_PEOPLE_ONLY
    kept = {
        name: getattr(case.incident, name) for name in set(Incident.model_fields) - FOR_PEOPLE_ONLY
    }
    assert {name: getattr(got.incident, name) for name in kept} == kept
    assert got.model_copy(update={"incident": case.incident, "timing": case.timing}) == case


@pytest.mark.parametrize("name", FILES)
def test_no_activity_reads_what_it_does_not_get(name: str) -> None:
    assert not LEFT_OUT.findall((ROOT / name).read_text(encoding="utf-8"))
