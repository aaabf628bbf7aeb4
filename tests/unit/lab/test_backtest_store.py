"""Sign-ins come back from the store as they went in, by account and by address."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lab.backtest.store import SignInStore
from shared.models.signin import SignIn
from shared.playbook.sign_ins.neighbours import address_use
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    HOME,
    WITH_MFA,
    sign_in,
)

type Fill = Callable[..., SignInStore]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Fill]:
    """A function that fills a store with pairs of account and sign-in."""
    with closing(SignInStore(tmp_path / "sign_ins")) as store:

        def fill(*events: tuple[str, SignIn]) -> SignInStore:
            for account, event in events:
                store.add(account, event)
            store.finish()
            return store

        yield fill


def test_what_went_in_comes_back(filled: Fill) -> None:
    minute = timedelta(minutes=1, microseconds=7)
    first = sign_in(ATTACK_AT, **AT_HOME, **WITH_MFA, notes=["odd"], interactive=False)
    second = sign_in(ATTACK_AT + minute, "50126", **ABROAD)
    bare = SignIn(id="x", at=ATTACK_AT, result_code="unknown")
    store = filled(("b", bare), ("a", second), ("a", first))

    assert list(store.accounts()) == [("a", [first, second]), ("b", [bare])]


def test_addresses_that_guess_at_many(filled: Fill) -> None:
    failed = [(f"user{n}", sign_in(ATTACK_AT, "50126", id=f"{n}")) for n in range(3)]
    success = ("user9", sign_in(ATTACK_AT, id="s"))
    other = ("user1", sign_in(ATTACK_AT, "50126", id="h", address=HOME))
    store = filled(*failed, success, other)

    (events,) = store.guessing_addresses(3, frozenset({"50126"}))
    assert {event.id for event in events} == {"0", "1", "2", "s"}
    assert list(store.guessing_addresses(4, frozenset({"50126"}))) == []


def test_other_users_of_an_address(filled: Fill) -> None:
    hour = timedelta(hours=1)
    events = [(f"user{n}", sign_in(ATTACK_AT + n * hour, id=f"{n}")) for n in range(4)]
    events.append(("user9", sign_in(ATTACK_AT, "50126", id="f")))
    store = filled(*events)

    assert store.other_users("user3", ATTACKER, ATTACK_AT + 3 * hour) == 3
    assert store.other_users("user0", ATTACKER, ATTACK_AT + 2 * hour) == 1
    assert store.other_users("user0", HOME, ATTACK_AT + 9 * hour) == 0


def test_use_of_an_address_is_that_of_the_playbook(filled: Fill) -> None:
    days = [ATTACK_AT - timedelta(days=day) for day in range(4)]
    events = [
        (f"user{n}", sign_in(at, code, id=f"{n}{code}{at}", user_id=f"user{n}"))
        for n in range(6)
        for at in days
        for code in (("0",) if n % 2 else ("50126", "50074"))
    ]
    store = filled(*events)
    found = store.address_use("user1", ATTACKER, days[-1], ATTACK_AT)
    assert found == address_use((event for _, event in events), ATTACKER, user="user1")
    assert found.is_shared is False
    assert found.regular_accounts == 2
