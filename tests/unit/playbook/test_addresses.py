"""Addresses: one spelling, and what must never be blocked."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.playbook.addresses import is_public, normalise_address, why_never_block


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:51515 ", "203.0.113.7"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:0db8:0:0:0:0:0:1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("64:ff9b::cb00:7107", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ('"203.0.113.7"', "203.0.113.7"),
        ("203.0.113.7:http", None),
        ("203.0.113", None),
        ("203.0.113.0/24", None),
        ("0203.0.113.7", None),
        ("", None),
        (None, None),
        (3405803783, None),
        ("1" * 5000, None),
    ],
)
def test_normalise(text: object, expected: str | None) -> None:
    assert normalise_address(text) == expected


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.1.2.3", "private"),
        ("192.168.0.1", "private"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("100.64.1.1", "carrier"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("0.0.0.0", "unspecified"),
        ("fd00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("no address", "not an IP address"),
        ("9.9.9.9", "own (9.9.9.0/24)"),
        ("203.0.113.250", "own (203.0.113.250)"),
    ],
)
def test_never_blocked(address: str, why: str) -> None:
    networks = ["9.9.9.0/24", "203.0.113.250", "not a network", "2001:4860::/32"]
    assert why in (why_never_block(address, networks) or "")


@pytest.mark.parametrize("address", ["203.0.113.7", "198.51.100.4", "2001:db8::1", "8.8.8.8"])
def test_public_and_exercise_addresses_may_be_blocked(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_normal_form_is_stable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    normal = normalise_address(str(address))
    assert normal is not None
    assert normalise_address(normal) == normal
    assert (
        normalise_address(f"[{address}]:443" if address.version == 6 else f"{address}:443")
        == normal
    )


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    normalise_address(text)
    assert why_never_block(text, [text]) is not None or normalise_address(text)
