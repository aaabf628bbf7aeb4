"""Two uses of one session: what no machine can change, and what logs and travellers do."""

from typing import Any

import pytest

from shared.playbook.sign_ins.sessions import machine_misfit, system_family
from shared.playbook.sign_ins.token_theft import find_token_theft
from tests.unit.playbook.builders import ABROAD, AT_HOME, SUCCESS_AT, sign_in

OTHER_SYSTEM = "another operating system"
OTHER_BROWSER = "another country and browser"
WINDOWS = {"operating_system": "Windows 11", "browser": "Edge 130"}
FIREFOX = {"operating_system": "Windows 11", "browser": "Firefox 140"}
NOWHERE: dict[str, Any] = {"device_id": None}


def use(**facts: Any) -> Any:
    return sign_in(SUCCESS_AT, **{"country": "DE"} | NOWHERE | facts)


@pytest.mark.parametrize(
    ("one", "other", "misfit"),
    [
        (WINDOWS, {"operating_system": "Linux", "browser": "Edge 130"}, OTHER_SYSTEM),
        (WINDOWS, {"operating_system": "MacOs", "browser": None}, OTHER_SYSTEM),
        (WINDOWS, {"operating_system": "Windows10", "browser": "Edge 131"}, None),
        (WINDOWS, {"operating_system": "Windows", "browser": "Edge 131"}, None),
        (WINDOWS, {"operating_system": None, "browser": "Edge 131"}, None),
        (WINDOWS, FIREFOX, None),
        (WINDOWS, FIREFOX | {"country": "NG"}, OTHER_BROWSER),
        (WINDOWS, WINDOWS | {"country": "NG"}, None),
        (WINDOWS, FIREFOX | {"country": None}, None),
        (
            {"operating_system": "iOS 18", "browser": "Mobile Safari"},
            {"operating_system": "MacOs", "browser": "Safari 18"},
            None,
        ),
        (
            {"operating_system": "Android 16", "browser": "Chrome Mobile"},
            {"operating_system": "Linux", "browser": "Chrome 140"},
            None,
        ),
    ],
)
def test_misfit_both_ways_round(
    one: dict[str, Any], other: dict[str, Any], misfit: str | None
) -> None:
    assert machine_misfit(use(**one), use(**other)) == misfit
    assert machine_misfit(use(**other), use(**one)) == misfit


def test_the_owners_device_id_excuses_a_browser_and_never_a_system() -> None:
    own = use(**WINDOWS | {"device_id": "laptop-1"})
    mail = {"operating_system": "Windows10", "browser": "Rich Client", "country": "NG"}
    assert machine_misfit(use(**mail | {"device_id": "laptop-1"}), own) is None
    assert machine_misfit(use(**mail | {"device_id": "other"}), own) == OTHER_BROWSER
    linux = {"operating_system": "Linux", "browser": "Chrome", "device_id": "laptop-1"}
    assert machine_misfit(use(**linux), own) == OTHER_SYSTEM


def test_family_of_an_unknown_system_is_itself_or_nothing() -> None:
    assert system_family(use(operating_system="Solaris 11")) == "solaris"
    assert system_family(use(operating_system=None)) == ""


def test_a_theft_names_its_session_and_its_reason() -> None:
    own = sign_in(SUCCESS_AT, id="own", session_id="s1", **AT_HOME)
    stolen = sign_in(
        SUCCESS_AT.replace(minute=30), id="stolen", session_id="s1", **ABROAD | NOWHERE
    )
    (theft,) = find_token_theft([stolen, own])
    assert (theft.sign_in_id, theft.session_id, theft.reason) == ("stolen", "s1", OTHER_SYSTEM)
