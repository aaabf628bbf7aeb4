"""Ways in that one address's failures do not show: platforms, proxies, codes, plain grants."""

from datetime import timedelta
from typing import Any

import pytest

from shared.models.signin import MfaResult, SignIn
from shared.playbook.confidence.scoring import score
from shared.playbook.sign_ins.models import SignInAnalysis
from shared.playbook.sign_ins.platform_sweep import SWEEP_PERIOD, SWEPT_PLATFORMS
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    SUCCESS_AT,
    WITH_MFA,
    WITHOUT_MFA,
    analyse,
    facts,
    history,
    sign_in,
)

SECOND = timedelta(seconds=1)
SYSTEMS = ["Windows 10", "Linux", "MacOs", "Android 6", "Ios 14"]
SCRIPT: dict[str, Any] = AT_HOME | {
    "device_id": None,
    "client_app": "Mobile Apps and Desktop clients",
    "app": "Azure Active Directory PowerShell",
    "user_agent": "WindowsPowerShell/5.1",
    "authentication_protocol": "ropc",
    **WITHOUT_MFA,
}


def found(*events: SignIn, **success: Any) -> SignInAnalysis:
    base = ABROAD | WITHOUT_MFA | success
    return analyse([*events, sign_in(SUCCESS_AT, id="success", **base)], base["address"])


def weights(analysis: SignInAnalysis) -> dict[str, float]:
    return {reason.id: reason.weight for reason in score(facts(analysis, None)).reasons}


def swept(systems: int, step: timedelta = 4 * SECOND, code: str = "0") -> list[SignIn]:
    """The password tried as so many systems, the last of them at the success."""
    return [
        sign_in(SUCCESS_AT - step * number, code, **ABROAD | {"operating_system": system})
        for number, system in enumerate(SYSTEMS[:systems])
        if number
    ]


@pytest.mark.parametrize("code", ["0", "50076"])
def test_a_password_tried_on_four_platforms_is_a_tool(code: str) -> None:
    rows = swept(SWEPT_PLATFORMS, code=code)
    analysis = found(*history(), *rows, operating_system="Windows 10")
    assert len(analysis.platforms) == SWEPT_PLATFORMS
    assert weights(analysis)["platform_sweep"] == 2.0


def test_laptop_phone_and_tablet_are_no_tool() -> None:
    assert "platform_sweep" not in weights(found(*history(), *swept(3)))


def test_platforms_count_within_minutes_only() -> None:
    slowly = swept(5, SWEEP_PERIOD / 3 + SECOND)
    assert "platform_sweep" not in weights(found(*history(), *slowly))


def test_wrong_passwords_and_other_addresses_are_no_platforms() -> None:
    wrong = swept(5, code="50126")
    elsewhere = [event.model_copy(update={"address": "203.0.113.9"}) for event in swept(5)]
    assert found(*wrong, *elsewhere).platforms == ["linux"]


def test_no_platform_named_is_not_known() -> None:
    analysis = found(operating_system=None)
    assert analysis.platforms == []
    assert "platform_sweep" not in weights(analysis)


def guesses_from(*countries: str, before: timedelta = timedelta(hours=1)) -> list[SignIn]:
    return [
        sign_in(SUCCESS_AT - before, "50126", country=country, address=f"203.0.113.{number}")
        for number, country in enumerate(countries)
    ]


def test_guesses_through_proxies_count_by_country() -> None:
    analysis = found(*history(), *guesses_from("AR", "JP", "IT"))
    assert analysis.guessing_countries == ["AR", "IT", "JP"]
    assert weights(analysis)["distributed_guessing"] == 1.5


@pytest.mark.parametrize(
    "guesses",
    [guesses_from("DE", "NG", "DE"), guesses_from("AR", "JP", "IT", before=timedelta(hours=25))],
)
def test_two_countries_or_another_day_are_no_distributed_guessing(guesses: list[SignIn]) -> None:
    assert "distributed_guessing" not in weights(found(*history(), *guesses))


@pytest.mark.parametrize("mfa", [WITH_MFA, {"mfa_result": MfaResult.SATISFIED_BY_CLAIM}])
def test_whoever_types_a_device_code_lends_a_second_factor(mfa: dict[str, Any]) -> None:
    by_code = weights(found(*history(), authentication_protocol="deviceCode", **mfa))
    plain = weights(found(*history(), authentication_protocol="none", **mfa))
    assert {"mfa_satisfied", "mfa_satisfied_by_claim"} & plain.keys()
    assert not {"mfa_satisfied", "mfa_satisfied_by_claim"} & by_code.keys()


def test_a_password_grant_cannot_ask_for_a_second_factor() -> None:
    stranger = SCRIPT | ABROAD | {"client_app": SCRIPT["client_app"]}
    assert weights(found(*history(), **stranger))["legacy_protocol"] == 1.0


def nightly() -> list[SignIn]:
    """A month in which a script and its author sign in at one address."""
    author = AT_HOME | WITH_MFA
    return [
        event
        for day in range(4, 20)
        for event in (
            sign_in(ATTACK_AT - timedelta(days=day), id=f"script{day}", **SCRIPT),
            sign_in(ATTACK_AT - timedelta(days=day, hours=3), id=f"author{day}", **author),
        )
    ]


def test_the_script_of_every_night_needs_no_second_factor() -> None:
    seen = weights(found(*nightly(), **SCRIPT))
    assert not {"success_without_mfa", "legacy_protocol"} & seen.keys()


@pytest.mark.parametrize("other", [{"app": "Azure CLI"}, {"user_agent": "python-requests/2.32"}])
def test_another_program_at_the_same_address_does(other: dict[str, Any]) -> None:
    assert weights(found(*nightly(), **SCRIPT | other))["success_without_mfa"] == 0.8


def test_a_success_that_is_reported_late_is_found() -> None:
    stranger = sign_in(SUCCESS_AT, id="stranger", **ABROAD, **WITHOUT_MFA)
    later = SUCCESS_AT + timedelta(days=6)
    told = analyse([*history(), stranger], ABROAD["address"], now=later, reported=SUCCESS_AT)
    assert told.successful_login_details is not None
    assert told.successful_login_details.id == "stranger"
    untold = analyse([*history(), stranger], ABROAD["address"], now=later)
    assert untold.successful_login_details is None
