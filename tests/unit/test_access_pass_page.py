"""What the page with a Temporary Access Pass says, with hostile text in every free field."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from shared.models.access_pass import AccessPass
from shared.pages import render_report
from shared.pages.access_pass import render_access_pass
from tests.unit.playbook.records import action, record
from tests.unit.test_pages import HOSTILE, Page, problems

UNTIL = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)


def made(value: str) -> AccessPass:
    return AccessPass(id="p", value=SecretStr(value), valid_until=UNTIL)


def words(html: str) -> str:
    return " ".join(" ".join(Page(html).words).split())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    found = record(account={"user_principal_name": text, "display_name": text})
    for html in (
        render_access_pass(found, made(text), hand_over=text),
        render_report(found, access_pass={"csrf": text, "form": text}),
    ):
        assert not list(problems(html))
        assert "62710561" not in html, "nothing is evaluated"
        assert "alert(1)</script>" not in html


def test_the_pass_is_shown_as_it_is_with_its_end() -> None:
    html = render_access_pass(record(), made("+d<&r'k\"z"), hand_over="By telephone.")
    said = words(html)
    assert "+d<&r'k\"z" in said and "13:30" in said and "By telephone." in said
    assert "disabled" not in said


def test_a_disabled_account_has_to_be_enabled_first() -> None:
    found = record(actions=[action("DisableAccount", undo={"account_enabled": True})])
    assert "works once it is enabled again" in words(
        render_access_pass(found, made("x"), hand_over="")
    )


def test_the_form_repeats_its_marks_and_nothing_is_ticked() -> None:
    html = render_report(record(), access_pass={"csrf": "a-b", "form": "c_d"})
    inputs = [given for tag, given in Page(html).tags if tag == "input"]
    assert [one.get("value") for one in inputs] == ["a-b", "c_d", "yes"]
    assert "required" in inputs[-1] and "checked" not in inputs[-1]
    assert 'action="access-pass"' not in render_report(record())
