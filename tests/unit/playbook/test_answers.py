"""Which answers are refused, which wait for a second person, which are the decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.asked import Asked
from shared.models.plan import ActionName, Decision
from shared.playbook.planning.answers import decision_of, is_one_of_two, why_refused

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
KIM, ANA = "signed-in:kim@contoso.com", "signed-in:ana@contoso.com"
LEE, MAX = "slack:U0LEE", "slack:U0MAX"
CONTAIN = [ActionName.REVOKE_SESSIONS, ActionName.DISABLE_ACCOUNT]


def answer(actions: list[ActionName] | None = None, identity: str = "", **more: Any) -> Decision:
    name = identity.partition(":")[2] or "holder of the signed link"
    given = {"actions": actions or CONTAIN, "decided_by": name, "decided_at": AT}
    return Decision.model_validate(given | {"identity": identity} | more)


def asked(first: Decision | None = None, *, two_persons: bool = True) -> Asked:
    return Asked(
        at=AT,
        answer_by=AT + timedelta(hours=1),
        two_persons=two_persons,
        first_answer=first,
    )


def test_an_answer_to_the_open_question_is_the_decision() -> None:
    one = answer(question=2)
    alone = asked(two_persons=False)
    assert why_refused(one, run="", question=2, asked=alone) is None
    assert not is_one_of_two(one, alone)
    assert decision_of(one, alone) == one
    assert why_refused(answer(), run="", question=1, asked=None) is None


@pytest.mark.parametrize(("answered", "open_now"), [(1, 2), (2, 1), (3, 9)])
def test_an_answer_to_another_question_is_refused(answered: int, open_now: int) -> None:
    why = why_refused(answer(question=answered), run="", question=open_now, asked=asked())
    assert why is not None
    assert f"question {answered}" in why and f"question {open_now} is open" in why


def test_what_excludes_itself_is_refused() -> None:
    both = answer([ActionName.NO_ACTION, ActionName.REVOKE_SESSIONS])
    assert "cannot be combined" in str(why_refused(both, run="", question=1, asked=None))


def test_the_first_of_two_waits_and_the_second_confirms() -> None:
    first, second = answer(identity=KIM, comment="odd"), answer(identity=ANA, comment="agreed")
    assert why_refused(first, run="", question=1, asked=asked()) is None
    assert is_one_of_two(first, asked())
    assert why_refused(second, run="", question=1, asked=asked(first)) is None
    assert not is_one_of_two(second, asked(first))
    decision = decision_of(second, asked(first))
    assert (decision.decided_by, decision.confirmed_by) == ("kim@contoso.com", "ana@contoso.com")
    assert decision.comment == "odd / agreed"


def test_the_order_of_the_actions_is_no_other_choice() -> None:
    second = answer(list(reversed(CONTAIN)), identity=ANA)
    assert not is_one_of_two(second, asked(answer(identity=KIM)))


def test_a_second_who_chooses_otherwise_is_the_first_of_two_again() -> None:
    other = answer([ActionName.REVOKE_SESSIONS], identity=ANA)
    assert why_refused(other, run="", question=1, asked=asked(answer(identity=KIM))) is None
    assert is_one_of_two(other, asked(answer(identity=KIM)))
    back = answer([ActionName.REVOKE_SESSIONS], identity=KIM)
    assert why_refused(back, run="", question=1, asked=asked(other)) is None, (
        "kim did not choose this"
    )
    assert decision_of(back, asked(other)).decided_by == "ana@contoso.com"


@pytest.mark.parametrize("who", [KIM, LEE])
def test_nobody_is_two_people(who: str) -> None:
    why = why_refused(answer(identity=who), run="", question=1, asked=asked(answer(identity=who)))
    assert "second person" in str(why)


@pytest.mark.parametrize(("first", "second"), [(KIM, LEE), (LEE, KIM)])
def test_two_systems_do_not_prove_that_two_people_answered(first: str, second: str) -> None:
    given = asked(answer(identity=first))
    assert "answer there" in str(
        why_refused(answer(identity=second), run="", question=1, asked=given)
    )


@pytest.mark.parametrize("first", [None, KIM, MAX])
def test_who_cannot_be_named_is_none_of_two(first: str | None) -> None:
    given = asked(answer(identity=first) if first else None)
    assert "sign in, or answer in Slack" in str(
        why_refused(answer(), run="", question=1, asked=given)
    )


@pytest.mark.parametrize("idle", [ActionName.MONITOR_ONLY, ActionName.NO_ACTION])
@pytest.mark.parametrize("first", [None, KIM])
def test_leaving_the_account_as_it_is_needs_one(idle: ActionName, first: str | None) -> None:
    given = asked(answer(identity=first) if first else None)
    one = answer([idle])
    assert why_refused(one, run="", question=1, asked=given) is None
    assert not is_one_of_two(one, given)
    assert decision_of(one, given) == one


identities = st.sampled_from(["", KIM, ANA, LEE, MAX])
choices = st.sampled_from([CONTAIN, CONTAIN[:1], [ActionName.NO_ACTION]])


@given(st.lists(st.tuples(choices, identities), max_size=8))
def test_containment_is_never_one_persons(answers: list[tuple[list[ActionName], str]]) -> None:
    """Whatever is answered in whatever order, what contains was chosen by two who differ."""
    given, question = asked(), 1
    for actions, identity in answers:
        one = answer(actions, identity, question=question)
        if why_refused(one, run="", question=question, asked=given) is not None:
            continue
        if is_one_of_two(one, given):
            given, question = asked(one), question + 1
            continue
        decision = decision_of(one, given)
        if ActionName.NO_ACTION not in decision.actions:
            assert given.first_answer is not None
            assert given.first_answer.identity != identity
            assert set(given.first_answer.actions) == set(decision.actions) == set(actions)
            assert {given.first_answer.identity.split(":")[0], identity.split(":")[0]} in (
                {"slack"},
                {"signed-in"},
            )
        return
