"""What is not known about an account's domain is neither taken for good nor for federated."""

import pytest

from shared.errors import RetryableError
from shared.providers.entra import Entra
from shared.settings import Settings
from tests.contract.entra_account import ANNA, USER
from tests.contract.processes import Lab


@pytest.fixture
def entra(lab: Lab, settings: Settings) -> Entra:
    lab.tenant(directory={"users": [USER]})
    return Entra(settings)


async def test_a_domain_that_may_not_be_read_leaves_a_reset_in_doubt(
    entra: Entra, lab: Lab
) -> None:
    lab.fault("entra", "status", operation="domains.get", value=403, times=1)
    doubt = await entra.reset_password(ANNA)
    assert doubt is not None and "HTTP 403" in doubt and "federated" in doubt
    assert [e["operation"] for e in lab.ledger("entra") if e["effect"]] == ["users.patch"]
    assert await entra.reset_password(ANNA) is None, "readable again: no doubt"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_domain_that_cannot_be_read_now_is_asked_for_again(
    entra: Entra, lab: Lab, status: int
) -> None:
    lab.fault("entra", "status", operation="domains.get", value=status)
    with pytest.raises(RetryableError):
        await entra.reset_password(ANNA)
    assert not [e for e in lab.ledger("entra") if e["effect"]]
