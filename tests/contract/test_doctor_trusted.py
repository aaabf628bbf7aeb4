"""What `make doctor` says of the locations in which nothing is blocked."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.bootstrap import build_providers
from shared.models.check import Checked
from shared.policy import get_policy
from shared.settings import Settings, get_settings
from tests.contract.processes import Lab
from tools.doctor.trusted import check_trusted


@pytest.fixture(autouse=True)
def policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """The policy that ships, or one in its place."""

    def use(text: str) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("TOURNIQUET_POLICY_FILE", str(path))
        _forget()

    use("{}")
    yield use
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    get_settings.cache_clear()
    get_policy.cache_clear()


def keep(lab: Lab, *networks: str) -> None:
    location: dict[str, Any] = {
        "displayName": "Office",
        "isTrusted": True,
        "ipRanges": [
            {
                "@odata.type": f"#microsoft.graph.iPv{'6' if ':' in one else '4'}CidrRange",
                "cidrAddress": one,
            }
            for one in networks
        ],
    }
    lab.tenant(directory={"users": [], "namedLocations": [location] if networks else []})


async def line(settings: Settings) -> Checked:
    [found] = await check_trusted(build_providers(settings))
    return found


@pytest.mark.parametrize(
    ("networks", "status", "detail"),
    [
        (["198.51.100.0/24", "2001:db8:10::/48"], "ok", "Office (2)"),
        (["198.51.100.0/24", "20.0.0.0/8"], "warning", "very wide: Office: 20.0.0.0/8"),
        ([], "warning", "none is marked as trusted"),
    ],
)
async def test_they_are_named(
    lab: Lab, settings: Settings, networks: list[str], status: str, detail: str
) -> None:
    keep(lab, *networks)
    found = await line(settings)
    assert found.status == status
    assert detail in found.detail


async def test_what_cannot_be_read_is_said_with_what_comes_of_it(
    lab: Lab, settings: Settings
) -> None:
    lab.fault("entra", "status", value=403)
    found = await line(settings)
    assert found.status == "warning"
    assert "BlockIP is asked" in found.detail


async def test_against_the_policy_nobody_is_asked(
    lab: Lab, settings: Settings, policy: Callable[[str], None]
) -> None:
    policy("never_block: {trusted_named_locations: false}")
    assert (await line(settings)).status == "off"
    assert not lab.ledger("entra")
