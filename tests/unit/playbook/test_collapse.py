"""Rows of one attempt become one attempt."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.shapes.log_analytics import read_signin_logs
from shared.playbook.sign_ins.shapes.row import Row

MULTI = "multiFactorAuthentication"
PASSWORD = {"authenticationMethod": "Password", "succeeded": True}
PUSH = {
    "authenticationMethod": "Mobile app notification",
    "succeeded": True,
    "authenticationStepResultDetail": "MFA completed in Azure AD",
}


def at(minute: int, code: str, **changes: Any) -> SignIn:
    columns: dict[str, Any] = {
        "TimeGenerated": f"2026-11-20T12:{minute:02}:00Z",
        "Id": f"{minute}-{code}",
        "CorrelationId": "flow-1",
        "IPAddress": "203.0.113.7",
        "ResultType": code,
    }
    event = read_signin_logs(Row(columns | changes))
    assert event is not None
    return event


def codes(rows: list[SignIn]) -> list[str]:
    return [event.result_code for event in collapse(rows)]


def test_wrong_passwords_of_one_session_stay_attempts() -> None:
    assert codes([at(m, "50126") for m in range(5)] + [at(6, "0")]) == ["50126"] * 5 + ["0"]


def test_interruptions_belong_to_the_sign_in_they_end_in() -> None:
    (event,) = collapse([at(2, "0"), at(0, "50074"), at(1, "50140")])

    assert event.result_code == "0"
    assert event.notes == ["interrupted before it concluded: 50074, 50140"]


def test_a_prompt_that_was_refused_is_one_attempt() -> None:
    assert codes([at(0, "50074"), at(1, "500121")]) == ["500121"]


def test_repeated_prompts_stay_attempts() -> None:
    rows = [at(0, "50074"), at(1, "50074"), at(2, "50074"), at(3, "0")]

    assert codes(rows) == ["50074", "50074", "0"]


def test_refused_prompts_before_a_success_stay() -> None:
    assert codes([at(0, "500121"), at(1, "500121"), at(2, "0")]) == ["500121", "500121", "0"]


def test_an_abandoned_prompt_stays() -> None:
    assert codes([at(0, "50074")]) == ["50074"]
    assert codes([at(0, "50074"), at(40, "0")]) == ["50074", "0"]
    assert codes([at(0, "50074"), at(1, "0", CorrelationId="flow-2")]) == ["50074", "0"]
    assert codes([at(0, "50074"), at(1, "0", IPAddress="198.51.100.9")]) == ["50074", "0"]


def test_a_prompt_before_a_wrong_password_was_given_up() -> None:
    assert codes([at(0, "50074"), at(1, "50126"), at(2, "0")]) == ["50074", "50126", "0"]


def test_rows_without_a_flow_are_never_joined() -> None:
    rows = [at(0, "50074", CorrelationId=None), at(1, "0", CorrelationId="")]

    assert codes(rows) == ["50074", "0"]


def test_a_prompt_of_another_account_is_not_absorbed() -> None:
    rows = [at(0, "50072", UserPrincipalName="anna"), at(1, "0", UserPrincipalName="ben")]

    assert codes(rows) == ["50072", "0"]


def test_the_same_event_again_is_one() -> None:
    details = json.dumps([PASSWORD, PUSH])
    early = at(0, "0", Id="x", AuthenticationRequirement=MULTI)
    late = at(1, "0", Id="x", AuthenticationRequirement=MULTI, AuthenticationDetails=details)
    (event,) = collapse([late, early])

    assert event.mfa_result is MfaResult.SATISFIED
    assert event.at == early.at


@given(st.permutations([at(m, c) for m, c in enumerate(["50126", "50074", "50140", "0", "50126"])]))
def test_order_of_rows_does_not_matter(rows: list[SignIn]) -> None:
    assert codes(rows) == ["50126", "0", "50126"]
