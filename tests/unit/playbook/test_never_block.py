"""Addresses that are never blocked, and doubts that make a block a person's decision."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.models.policy import NeverBlock
from shared.models.trusted import TrustCheck, TrustedLocation, TrustedLocations, TrustedPlace
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.planning.never_block import BlockRules, block_rules, trusted_place
from shared.playbook.planning.shared_services import shared_network, shared_networks
from shared.playbook.sign_ins.models import SignInAnalysis, SuccessfulLogin
from shared.playbook.sign_ins.neighbours import AddressUse

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The result must not depend on how busy the machine is."""
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 20, tzinfo=UTC)
ADDRESS = "203.0.113.66"
UNTRUSTED = TrustCheck(read_at=NOW)
OFFICE = TrustedPlace(
    name="Head office", network="203.0.113.64/28", changed_at=NOW - timedelta(days=400)
)
NOBODY = AddressUse(before=DAY)


def analysis(
    use: AddressUse | None, *, logged: bool | None = None, asn: int | None = None
) -> SignInAnalysis:
    facts = {"trusted_location": logged, "asn": asn}
    login = SuccessfulLogin.supposed(ADDRESS, NOW).model_copy(update=facts)
    return SignInAnalysis(address_use=use, successful_login_details=login)


def rules(
    address: str = ADDRESS,
    *,
    trusted: TrustCheck | None = UNTRUSTED,
    use: AddressUse | None = NOBODY,
    logged: bool | None = None,
    asn: int | None = None,
    service: str | None = None,
    silent: Sequence[str] = (),
    no_network: bool = False,
    **policy: Any,
) -> BlockRules:
    return block_rules(
        address,
        NeverBlock(**policy),
        reputation=AddressVerdict(
            asn=asn,
            common_service=service,
            services_unknown=list(silent),
            network_unknown=no_network,
        ),
        trusted=trusted,
        analysis=analysis(use, logged=logged),
        now=NOW,
    )


def in_office(**changes: Any) -> TrustCheck:
    return TrustCheck(place=OFFICE.model_copy(update=changes), read_at=NOW)


def used(usual: int, settled: int, **more: Any) -> AddressUse:
    return AddressUse(usual_accounts=usual, settled_accounts=settled, before=DAY, **more)


def test_an_address_of_nobodys_may_be_blocked_without_asking() -> None:
    assert rules() == BlockRules()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"address": "10.0.0.1"}, "it is a private address"),
        ({"addresses": ["203.0.113.0/24"]}, "it is the organisation's own (203.0.113.0/24)"),
        (
            {"trusted": in_office()},
            "it is in the trusted named location Head office (203.0.113.64/28); the attacker may "
            "be inside or use a machine there",
        ),
        ({"trusted": in_office(changed_at=None)}, "it is in the trusted named location"),
        (
            {"use": used(41, 38)},
            "38 other accounts signed in from it on two days or more before 2026-11-20",
        ),
        ({"use": used(5, 5)}, "5 other accounts"),
        ({"use": used(2, 2), "users_at_address": 2}, "2 other accounts"),
        ({"use": used(9, 9, partial=True)}, "9 other accounts"),
        ({"service": "GreyNoise RIOT: Example CDN"}, "GreyNoise RIOT: Example CDN"),
        ({"asn": 13335}, "it belongs to Cloudflare (AS13335): WARP"),
        ({"asn": 53813}, "it belongs to Zscaler (AS53813)"),
        ({"asn": 53813, "silent": ["greynoise"]}, "it belongs to Zscaler (AS53813)"),
        ({"asn": 36183}, "it belongs to Akamai (AS36183): iCloud Private Relay"),
    ],
)
def test_never(given: dict[str, Any], why: str) -> None:
    found = rules(**given)
    assert found.never is not None
    assert found.never.startswith(why)
    assert found.doubts == [], "what is not done needs no question"


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        ({"trusted": None}, "whether it is in a trusted named location is not known"),
        ({"trusted": None, "logged": True}, "the sign-in log says that it is"),
        ({"logged": True}, "that is there no more"),
        (
            {"trusted": in_office(changed_at=NOW)},
            "it is in the trusted named location Head office (203.0.113.64/28), which was changed "
            "at 2026-11-20T12:30:00.000Z: see who added it",
        ),
        ({"trusted": in_office(changed_at=DAY - timedelta(days=6))}, "see who added it"),
        ({"use": None}, "who else signs in from it could not be asked"),
        ({"use": used(6, 0)}, "6 other accounts signed in from it"),
        ({"use": used(6, 4)}, "for less than a week: a new office, or a campaign"),
        ({"use": used(1, 1, partial=True)}, "only known in part"),
        ({"silent": ["greynoise"]}, "common service is not known: greynoise did not answer"),
        ({"no_network": True}, "whose network it is in is not known"),
        ({"asn": 8075, "silent": ["greynoise"]}, "it belongs to Microsoft (AS8075)"),
        ({"asn": 8075}, "it belongs to Microsoft (AS8075)"),
        ({"asn": 15169}, "it belongs to Google (AS15169)"),
    ],
)
def test_a_doubt_is_a_question_for_a_person(given: dict[str, Any], doubt: str) -> None:
    found = rules(**given)
    assert found.never is None
    [text] = found.doubts
    assert doubt in text


@pytest.mark.parametrize(
    "given",
    [
        {"trusted": in_office(), "trusted_named_locations": False},
        {"trusted": None, "trusted_named_locations": False},
        {"use": used(4, 4)},
        {"use": AddressUse(guessed_accounts=90, right_accounts=6, before=DAY)},
        {"use": used(6, 6), "users_at_address": 7},
        {"asn": 64510},
    ],
)
def test_what_is_no_reason_and_no_doubt(given: dict[str, Any]) -> None:
    assert rules(**given) == BlockRules()


@pytest.mark.parametrize(("database", "shared"), [(None, True), (64510, False)])
def test_without_a_location_database_the_logs_network_counts(
    database: int | None, shared: bool
) -> None:
    found = block_rules(
        ADDRESS,
        NeverBlock(),
        reputation=AddressVerdict(asn=database),
        trusted=UNTRUSTED,
        analysis=analysis(NOBODY, asn=13335),
        now=NOW,
    )
    assert (found.never is not None) is shared


def test_the_network_of_another_address_says_nothing() -> None:
    found = block_rules(
        "198.51.100.1",
        NeverBlock(),
        reputation=AddressVerdict(),
        trusted=UNTRUSTED,
        analysis=analysis(NOBODY, asn=13335),
        now=NOW,
    )
    assert found == BlockRules()


def test_nothing_known_at_all_is_a_question() -> None:
    found = block_rules(
        ADDRESS, NeverBlock(), reputation=None, trusted=None, analysis=None, now=NOW
    )
    assert (found.never, len(found.doubts)) == (None, 3)


def place(*locations: TrustedLocation, address: str = ADDRESS) -> TrustedPlace | None:
    return trusted_place(TrustedLocations(locations=list(locations), read_at=NOW), address)


def test_an_address_in_two_trusted_locations_is_in_the_older_one() -> None:
    old = TrustedLocation(name="Old", networks=["203.0.113.0/24"], changed_at=NOW - timedelta(9))
    new = TrustedLocation(name="New", networks=["203.0.113.66/32"], changed_at=NOW)
    for order in ((old, new), (new, old)):
        found = place(*order)
        assert found is not None
        assert (found.name, found.network) == ("Old", "203.0.113.0/24")
    assert place(old, new, address="198.51.100.1") is None


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("2001:db8:10::/48", "2001:db8:10::5"),
        ("203.0.113.66", ADDRESS),
        ("::ffff:203.0.113.64/124", ADDRESS),
    ],
)
def test_trusted_networks_are_of_both_kinds(network: str, address: str) -> None:
    found = place(TrustedLocation(name="Office", networks=["nonsense", network]), address=address)
    assert found is not None
    assert found.network == network


@PATIENT
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(1, 30),
    st.booleans(),
)
def test_only_those_who_came_before_the_attack_protect_an_address(
    usual: int, settled: int, guessed: int, right: int, most: int, partial: bool
) -> None:
    use = used(max(usual, settled), settled, guessed_accounts=guessed, partial=partial)
    found = rules(
        use=use.model_copy(update={"right_accounts": right, "regular_accounts": right}),
        users_at_address=most,
    )
    assert (found.never is not None) is (settled >= most)
    if found.never is None:
        assert bool(found.doubts) is (partial or usual >= most)


def test_every_shared_network_is_named_once_with_its_sources() -> None:
    every = shared_networks()
    numbers = [number for network in every.network for number in network.asn]
    assert len(numbers) == len(set(numbers))
    assert every.as_of.year >= 2026
    for number in numbers:
        network = shared_network(number)
        assert network is not None
        assert number in network.asn
    assert shared_network(64510) is None
    assert shared_network(None) is None


def test_machines_that_anybody_rents_are_not_protected() -> None:
    rented = (14061, 16276, 16509, 14618, 24940, 63949, 9009)
    assert not any(shared_network(number) for number in rented)
