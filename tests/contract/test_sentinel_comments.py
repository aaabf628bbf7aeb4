"""What happens when an incident has no room for another comment."""

import pytest

from shared.errors import PermanentError, PermissionDenied
from shared.providers.sentinel import Sentinel
from shared.providers.sentinel.comments import MOST_COMMENTS, comment_id
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT


async def fill(sentinel: Sentinel, owner: str, count: int) -> None:
    for number in range(count):
        await sentinel.comment_on_incident(INCIDENT, key=f"{owner}:{number}", text=f"{number}")


def messages(lab: Lab) -> dict[str, str]:
    [incident] = lab.state()["incidents"]
    return {one["name"]: one["properties"]["message"] for one in incident["comments"]}


async def test_a_full_incident_gets_the_newest_comment_of_the_case_replaced(
    lab: Lab, settings: Settings
) -> None:
    sentinel = Sentinel(settings)
    await fill(sentinel, "case-2", MOST_COMMENTS - 2)
    await fill(sentinel, "case-1", 2)
    await sentinel.comment_on_incident(INCIDENT, key="case-1:closed", text="closed by ana")
    held = messages(lab)
    assert len(held) == MOST_COMMENTS
    newest = held[comment_id(INCIDENT, "case-1:1")]
    assert newest.endswith("closed by ana") and "Replaces an earlier comment" in newest
    assert held[comment_id(INCIDENT, "case-1:0")] == "0"
    await sentinel.comment_on_incident(INCIDENT, key="case-2:7", text="changed")
    assert messages(lab)[comment_id(INCIDENT, "case-2:7")] == "changed"


async def test_comments_of_others_are_never_replaced(lab: Lab, settings: Settings) -> None:
    sentinel = Sentinel(settings)
    await fill(sentinel, "case-2", MOST_COMMENTS)
    with pytest.raises(PermanentError, match="none of them ours"):
        await sentinel.comment_on_incident(INCIDENT, key="case-1:opened", text="x")
    assert "x" not in messages(lab).values()


@pytest.mark.parametrize(("status", "expected"), [(400, PermanentError), (403, PermissionDenied)])
async def test_another_refusal_stays_what_it_is(
    lab: Lab, settings: Settings, status: int, expected: type[Exception]
) -> None:
    lab.fault("sentinel", "status", value=status, operation="incidents.comments.put")
    with pytest.raises(expected, match=f"HTTP {status}"):
        await Sentinel(settings).comment_on_incident(INCIDENT, key="case-1:opened", text="x")
