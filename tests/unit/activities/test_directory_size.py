"""The number of users, or that nobody knows it."""

from activities.directory_size import count_users
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import call


async def test_the_directory_counts_its_users(house: FakeHouse) -> None:
    house.directory.users = 1234
    assert await call(count_users, case_id="case-1") == {"users": 1234}


async def test_a_directory_that_cannot_tell_is_no_failure(house: FakeHouse) -> None:
    house.directory.users = None
    assert await call(count_users, case_id="case-1") == {"users": None}


async def test_without_entra_nobody_counts(house: FakeHouse) -> None:
    house.providers.directory = None
    assert await call(count_users, case_id="case-1") == {"users": None}
