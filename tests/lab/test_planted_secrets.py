"""After everything that a lab has been through, its secrets are where they belong only."""

import pytest

from lab.planted_secrets import find_leaks
from tests.lab.whole_lab import WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]
CANARY = "the case's own id"


async def test_no_secret_is_in_logs_histories_blobs_messages_or_answers(
    whole_lab: WholeLab,
) -> None:
    played = await whole_lab.play("brute-force-success")
    case_id = played.record["case_id"]
    found = await find_leaks(whole_lab.lab, also={CANARY: case_id.encode()})
    assert [str(leak) for leak in found if leak.secret != CANARY] == []
    # The same search finds what does stand in each kind of place.
    places = {leak.place for leak in found}
    assert f"history of {case_id}" in places
    assert f"blob cases/{case_id}/record.json" in places or any(
        place.startswith("blob ") and case_id in place for place in places
    )
    assert f"the answer to cases/{case_id}/report" in places
    assert "what was sent to servicenow" in places
