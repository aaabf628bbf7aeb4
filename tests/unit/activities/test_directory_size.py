"""The number of users, or that nobody knows it."""

from collections.abc import Callable

import pytest

from activities.directory_size import count_users
from shared.models.base import Json
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import call

ACTS = {"automatic": {"privileged": {"High": ["RevokeSessions"]}}}
SILENT = {"asking": {"on_silence": {"High": ["RevokeSessions"]}}}


@pytest.mark.parametrize(("policy", "counted"), [({}, None), (ACTS, 77), (SILENT, 77)])
async def test_who_is_privileged_is_counted_where_the_policy_may_touch_them(
    house: FakeHouse, govern: Callable[..., None], policy: Json, counted: int | None
) -> None:
    govern(**policy)
    house.directory.users, house.directory.privileged = 1234, 77
    found = await call(count_users, case_id="case-1")
    assert found == {"users": 1234, "privileged": counted}
    assert ("count_privileged" in house.directory.calls) == (counted is not None)


async def test_a_directory_that_cannot_tell_is_no_failure(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(**ACTS)
    house.directory.users = house.directory.privileged = None
    assert await call(count_users, case_id="case-1") == {"users": None, "privileged": None}


async def test_without_entra_nobody_counts(house: FakeHouse) -> None:
    house.providers.directory = None
    assert await call(count_users, case_id="case-1") == {"users": None, "privileged": None}
