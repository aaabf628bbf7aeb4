"""Where an account signed in over weeks: places by city and network, the attacker's first."""

from datetime import timedelta

from shared.playbook.sign_ins.places import MOST_PLACES, sign_in_places
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    failures,
    history,
    sign_in,
)

END = SUCCESS_AT + timedelta(minutes=10)
ATTACK = [*failures(25, over=EIGHT_MINUTES, **ABROAD), sign_in(SUCCESS_AT, id="success", **ABROAD)]


def test_the_attackers_place_comes_first_and_every_attempt_is_counted_once() -> None:
    events = [*history(), *ATTACK, *ATTACK]
    found = sign_in_places(events, ATTACKER, END)
    assert found is not None
    hit, home = found.places
    assert (hit.suspicious, hit.city, hit.country) == (True, "Lagos", "NG")
    assert sum(count for _day, count in hit.failed) == 25
    assert hit.succeeded == [(found.days - 1, 1)], "on the last day"
    assert (home.suspicious, home.city) == (False, "Berlin")
    assert sum(count for _day, count in home.succeeded) == len(history())
    assert found.start + timedelta(days=found.days) == END
    days = {day for place in found.places for day, _count in (*place.failed, *place.succeeded)}
    assert min(days) == 0 and max(days) == found.days - 1


def test_an_attacker_in_the_usual_city_has_a_lane_of_his_own() -> None:
    near = AT_HOME | {"address": ATTACKER}
    found = sign_in_places([*history(), sign_in(SUCCESS_AT, **near)], ATTACKER, END)
    assert found is not None
    assert [place.suspicious for place in found.places] == [True, False]


def test_places_are_bounded_and_the_rest_is_counted() -> None:
    events = [
        sign_in(ATTACK_AT + timedelta(seconds=number), **ABROAD | {"city": f"City {number}"})
        for number in range(20)
    ]
    found = sign_in_places(events, None, END)
    assert found is not None
    assert (len(found.places), found.other_places) == (MOST_PLACES, 20 - MOST_PLACES)


def test_without_sign_ins_there_is_nothing_to_show() -> None:
    assert sign_in_places([], ATTACKER, END) is None
    late = sign_in(END + timedelta(seconds=1), **AT_HOME)
    assert sign_in_places([late], None, END) is None
