"""How many users may sign in, against the simulator of Graph."""

import pytest

from shared.providers.entra import Entra, population
from shared.settings import Settings
from tests.contract.entra_account import USER
from tests.contract.processes import Lab

OTHERS = [
    {"userPrincipalName": f"user{number}@contoso.example", "accountEnabled": number % 3 > 0}
    for number in range(9)
]


@pytest.fixture
def entra(lab: Lab, settings: Settings) -> Entra:
    lab.tenant(directory={"users": [USER, *OTHERS]})
    return Entra(settings)


async def test_only_enabled_users_count(entra: Entra, lab: Lab) -> None:
    assert await entra.count_users() == 7
    (line,) = lab.ledger("entra")
    assert line["operation"] == "users.count"
    assert "violation" not in line


async def test_the_number_is_asked_for_once(entra: Entra, lab: Lab) -> None:
    for _ in range(5):
        await entra.count_users()
    assert len(lab.ledger("entra")) == 1


async def test_a_number_that_is_too_old_is_asked_for_again(
    entra: Entra, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(population, "FAILURE_KEPT_SECONDS", 0.0)
    assert await entra.count_users() == 7
    lab.tenant(directory={"users": [USER]})
    assert await entra.count_users() == 1
    lab.fault("entra", "status", value=403)
    assert await entra.count_users() == 1, "an old number is nearer the truth than none"


@pytest.mark.parametrize("status", [400, 403, 503])
async def test_what_cannot_be_told_is_not_asked_for_again_at_once(
    entra: Entra, lab: Lab, status: int
) -> None:
    lab.fault("entra", "status", value=status)
    assert await entra.count_users() is None
    asked = len(lab.ledger("entra"))
    assert await entra.count_users() is None
    assert len(lab.ledger("entra")) == asked
