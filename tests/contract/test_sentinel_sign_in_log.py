"""The sign-in log against the Log Analytics simulator: real KQL over the official tables."""

from datetime import timedelta

import pytest

from shared.errors import PermanentError, PermissionDenied
from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.providers.sentinel import SentinelLogs
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import ANNA, NOON, UPN, WINDOW, row, sign_ins


async def test_both_tables_are_read_and_typed_alike(lab: Lab, settings: Settings) -> None:
    claim = (
        '[{"authenticationMethod":"Previously satisfied","succeeded":true,'
        '"authenticationStepResultDetail":"MFA requirement satisfied by claim in the token"}]'
    )
    text = {"Status": '{"errorCode":0}', "LocationDetails": '{"countryOrRegion":"SE"}'}
    silent = row(2, "0", AuthenticationDetails=claim, DeviceDetail="{}", **text)
    sign_ins(lab, [row(m, "50126") for m in (0, 0.5, 1)] + [row(1.5, "0")], [silent])

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=ANNA, user_principal_name=UPN, **WINDOW
    )

    assert result.incomplete == []
    assert result.rows == 5
    assert [event.result_code for event in result.events] == ["50126"] * 3 + ["0", "0"]
    success, renewal = result.events[3:]
    assert (success.interactive, renewal.interactive) == (True, False)
    assert success.address == "203.0.113.7"
    assert (success.country, success.city, success.latitude) == ("NG", "Lagos", 6.45)
    assert success.mfa_result is MfaResult.NOT_REQUIRED
    assert success.operating_system == "Linux"
    assert success.asn == 64500
    assert renewal.country == "SE"
    assert renewal.mfa_result is MfaResult.SATISFIED_BY_CLAIM
    assert "SigninLogs" in result.query
    assert {line["status"] for line in lab.ledger("log_analytics")} == {200}


@pytest.mark.parametrize(
    ("object_id", "name"), [(ANNA.upper(), None), (None, "Anna.Berg@Contoso.Example"), (ANNA, UPN)]
)
async def test_the_account_is_found_by_id_or_name(
    lab: Lab, settings: Settings, object_id: str | None, name: str | None
) -> None:
    other = {"UserId": "someone-else", "UserPrincipalName": "ben@contoso.example"}
    sign_ins(lab, [row(0, "0"), row(1, "0", **other)])

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=object_id, user_principal_name=name, **WINDOW
    )

    assert [event.user_id for event in result.events] == [ANNA]


async def test_the_window_includes_its_start_and_not_its_end(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(-60, "0"), row(59.9, "0"), row(60, "0"), row(-60.1, "0")])

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=ANNA, user_principal_name=None, **WINDOW
    )

    assert [event.at for event in result.events] == [
        NOON - timedelta(hours=1),
        NOON + timedelta(minutes=59.9),
    ]


async def test_a_hostile_name_is_only_a_name(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0")])

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=None, user_principal_name='x" or true or "a" == "', **WINDOW
    )

    assert result.events == []


async def test_one_failing_table_is_named_and_the_other_used(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0")], [row(1, "0", Status="{}", DeviceDetail="{}", LocationDetails="")])
    lab.fault("log_analytics", "status", value=400, about=["AADNonInteractiveUserSignInLogs"])

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=ANNA, user_principal_name=None, **WINDOW
    )

    assert len(result.events) == 1
    (line,) = result.incomplete
    assert "could not be read: log_analytics" in line


async def test_without_any_table_the_failure_is_raised(lab: Lab, settings: Settings) -> None:
    lab.fault("log_analytics", "status", value=403)

    with pytest.raises(PermissionDenied):
        await SentinelLogs(settings, read_tables).get_sign_ins(
            object_id=ANNA, user_principal_name=None, **WINDOW
        )


async def test_an_account_is_needed(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="no account"):
        await SentinelLogs(settings, read_tables).get_sign_ins(
            object_id=None, user_principal_name="", **WINDOW
        )
