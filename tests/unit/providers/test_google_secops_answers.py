"""What Google SecOps' SOAR answers, read."""

import pytest

from shared.providers.google_secops_soar.models import number_in


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ({"caseId": "12"}, "12"),
        ({"caseId": 12}, "12"),
        ({"payload": {"id": 7}}, "7"),
        (9, "9"),
        ("9", "9"),
        ({}, None),
        (None, None),
        (True, None),
        ({"caseId": "x"}, None),
    ],
)
def test_a_new_cases_number_is_read_however_it_is_named(answer: object, number: str | None) -> None:
    assert number_in(answer) == number
