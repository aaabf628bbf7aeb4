from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import PermissionDenied, RetryableError
from shared.models.firewall import WantedBlock
from shared.providers.panos import PanOs
from shared.settings import Settings
from tests.contract.processes import Lab

IPV4, IPV6 = "203.0.113.7", "2001:db8::7"
TAG = "tourniquet-blocked"


def wanted(address: str, *, hours: float = 24, renewed: bool = False) -> WantedBlock:
    until = datetime.now(UTC) + timedelta(hours=hours)
    return WantedBlock(address=address, until=until, renewed=renewed)


@pytest.fixture
def make(lab: Lab, make_settings: Callable[..., Settings]) -> Callable[..., PanOs]:
    """The firewall behind its simulator."""
    graph = make_settings().graph_url

    def make_firewall(**values: Any) -> PanOs:
        url = graph.replace("/graph/v1.0", "/panos")
        return PanOs(make_settings(**{"panos_url": url, "call_attempts": 1} | values))

    return make_firewall


def tagged(lab: Lab) -> dict[str, int]:
    found = lab.state()["panosRegistered"]
    assert {item["tag"] for item in found} <= {TAG}
    return {item["ip"]: item["timeout"] for item in found}


def effects(lab: Lab) -> list[Any]:
    return [line["detail"] for line in lab.ledger("panos") if line["effect"]]


async def test_addresses_get_the_tag_with_their_time_in_one_message(
    lab: Lab, make: Callable[..., PanOs]
) -> None:
    firewall = make()
    answers = await firewall.change([wanted(IPV4), wanted(IPV6, hours=2)], [])
    assert {answer.refused for answer in answers.values()} == {None}
    assert answers[IPV4].rule_id == f"tag/{TAG}"
    found = tagged(lab)
    assert abs(found[IPV4] - 24 * 3600) <= 5 and abs(found[IPV6] - 2 * 3600) <= 5
    assert len(effects(lab)) == 1
    assert not any("violation" in line for line in lab.ledger("panos"))
    for address in (IPV4, IPV6):
        state = await firewall.get_block(address)
        assert (state.present, state.provisioned) == (True, True)
    assert not (await firewall.get_block("198.51.100.9")).present


async def test_what_is_so_already_is_no_error_and_no_effect(
    lab: Lab, make: Callable[..., PanOs]
) -> None:
    firewall = make()
    for _ in range(2):
        assert (await firewall.change([wanted(IPV4)], []))[IPV4].refused is None
        assert (await firewall.change([], ["198.51.100.9"]))["198.51.100.9"].refused is None
    assert effects(lab) == [[f"register {IPV4}"]]


async def test_a_message_may_be_half_so_already(lab: Lab, make: Callable[..., PanOs]) -> None:
    firewall = make()
    await firewall.change([wanted(IPV4)], [])
    await firewall.change([wanted(IPV4), wanted(IPV6)], [])
    assert set(tagged(lab)) == {IPV4, IPV6}


async def test_a_renewed_block_lasts_longer(lab: Lab, make: Callable[..., PanOs]) -> None:
    firewall = make()
    await firewall.change([wanted(IPV4, hours=1)], [])
    await firewall.change([wanted(IPV4, hours=48, renewed=True)], [])
    assert abs(tagged(lab)[IPV4] - 48 * 3600) <= 5


async def test_a_block_longer_than_panos_allows_is_cut(
    lab: Lab, make: Callable[..., PanOs]
) -> None:
    await make().change([wanted(IPV4, hours=24 * 90)], [])
    assert tagged(lab)[IPV4] <= 30 * 86400


async def test_the_tag_is_taken_off(lab: Lab, make: Callable[..., PanOs]) -> None:
    firewall = make()
    await firewall.change([wanted(IPV4), wanted(IPV6)], [])
    await firewall.change([], [IPV4])
    assert set(tagged(lab)) == {IPV6}
    assert not (await firewall.get_block(IPV4)).present


async def test_an_answer_that_was_lost_does_no_harm(lab: Lab, make: Callable[..., PanOs]) -> None:
    firewall = make()
    lab.fault("panos", "reset", when="after", times=1)
    with pytest.raises(RetryableError):
        await firewall.change([wanted(IPV4)], [])
    await firewall.change([wanted(IPV4)], [])
    assert len(effects(lab)) == 1


async def test_a_wrong_key_is_said_and_not_shown(make: Callable[..., PanOs]) -> None:
    with pytest.raises(PermissionDenied) as raised:
        await make(panos_api_key="not-the-key-at-all").get_block(IPV4)
    assert "not-the-key-at-all" not in str(raised.value)


async def test_an_internal_address_is_never_named(lab: Lab, make: Callable[..., PanOs]) -> None:
    answers = await make().change([wanted("10.1.2.3"), wanted(IPV4)], [])
    assert answers["10.1.2.3"].refused
    assert "10.1.2.3" not in str(lab.ledger("panos"))


@pytest.mark.parametrize(("kind", "value"), [("status", 503), ("malformed", None)])
async def test_a_firewall_that_is_down_is_for_later(
    lab: Lab, make: Callable[..., PanOs], kind: str, value: int | None
) -> None:
    lab.fault("panos", kind, **({"value": value} if value else {}))
    with pytest.raises(RetryableError):
        await make().change([wanted(IPV4)], [])
