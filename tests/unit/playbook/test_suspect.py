"""One pass over all addresses finds what a look at each of them finds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.models.signin import SignIn
from shared.playbook.sign_ins.detection import find_brute_force_success
from shared.playbook.sign_ins.suspect import _completing
from tests.unit.playbook.builders import sign_in

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESSES = ("203.0.113.7", "203.0.113.8", "10.0.0.4", "", "not an address", "2001:db8::1")


@st.composite
def sign_ins(draw: st.DrawFn) -> list[SignIn]:
    """Return bursts of guesses from a few addresses at a few users, some followed by a success."""
    events: list[SignIn] = []
    for burst in range(draw(st.integers(0, 6))):
        address, user = draw(st.sampled_from(ADDRESSES)), draw(st.sampled_from(("ann", "ben")))
        start = NOON + timedelta(minutes=draw(st.integers(0, 40)))
        gap = timedelta(seconds=draw(st.integers(0, 30)))
        codes = ["50126"] * draw(st.sampled_from((3, 21, 30))) + draw(st.sampled_from(([], ["0"])))
        for number, code in enumerate(codes):
            at = start + number * gap
            name = f"{burst}-{number}"
            events.append(sign_in(at, code, id=name, address=address or None, user_id=user))
    return sorted(events, key=lambda event: event.at)


@given(sign_ins(), st.integers(1, 30))
def test_every_address_in_one_pass_is_each_address_by_itself(
    events: list[SignIn], minutes: int
) -> None:
    each = {
        brute.success_id
        for address in {event.address for event in events if event.address}
        if (brute := find_brute_force_success(events, address=address, window_minutes=minutes))
    }
    assert _completing(events, minutes) == each
