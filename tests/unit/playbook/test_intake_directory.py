"""Which directory an incident's alerts point to."""

from typing import Any

import pytest

from shared.models.case import OperatingMode
from shared.playbook.intake import parse_sentinel_incident
from tests.unit.playbook.bodies import ANN_ID, RECEIVED, account, alert, trigger

OKTA_QUERY = "OktaSSO | where eventType_s == 'user.session.start' | summarize count()"
ENTRA_QUERY = "SigninLogs | where ResultType == '50126'"


def pointed(*entities: Any, **more: Any) -> str | None:
    [case] = parse_sentinel_incident(
        trigger(*entities, **more), mode=OperatingMode.OBSERVE, received_at=RECEIVED
    )
    assert case.account is not None
    return case.account.directory


@pytest.mark.parametrize(
    "source",
    [
        {"additionalData": {"Query": OKTA_QUERY}},
        {"additionalData": {"Query": "OktaV2_CL | take 1"}},
        {"additionalData": {"Data Sources": "Okta_CL"}},
        {"ExtendedProperties": '{"Query": "Okta_CL | take 1"}'},
        {"productName": "Okta"},
        {"vendorName": "Okta", "productName": "Identity Threat Protection"},
    ],
)
def test_whose_log_an_alert_is_about_says_most(source: dict[str, Any]) -> None:
    assert pointed(account(), alerts=[alert(**source)]) == "okta"
    # A directory that both use has given the login an object id as well.
    assert pointed(account(aadUserId=ANN_ID), alerts=[alert(**source)]) == "okta"


def test_the_incident_s_own_list_of_products_counts_too() -> None:
    products = {"alertProductNames": ["Okta", "Azure Sentinel"]}
    assert pointed(account(), additionalData=products) == "okta"


def test_an_object_id_is_entra_s() -> None:
    assert pointed(account(aadUserId=ANN_ID)) == "entra"
    entra = alert(additionalData={"Query": ENTRA_QUERY})
    assert pointed(account(aadUserId=ANN_ID), alerts=[entra], title="Okta app opened") == "entra"


def test_what_people_call_it_counts_when_nothing_else_does() -> None:
    assert pointed(account(), title="MFA Fatigue (OKTA)") == "okta"
    assert pointed(account(), alerts=[alert(alertDisplayName="Okta: password spray")]) == "okta"


@pytest.mark.parametrize("title", ["Brute force", "Oktavia Berg signed in", "oktagon"])
def test_nothing_that_points_is_nothing(title: str) -> None:
    assert pointed(account(), title=title) is None


def test_another_account_s_alert_does_not_point() -> None:
    body = trigger(
        account(),
        account("bob"),
        alerts=[
            alert(additionalData={"Query": OKTA_QUERY}, entities=[account("bob")]),
            alert(additionalData={"Query": ENTRA_QUERY}, entities=[account("ann")]),
        ],
    )
    cases = parse_sentinel_incident(body, mode=OperatingMode.OBSERVE, received_at=RECEIVED)
    found = {c.account.user_id: c.account.directory for c in cases if c.account}
    assert found == {"ann@contoso.com": None, "bob@contoso.com": "okta"}
