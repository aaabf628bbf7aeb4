"""Addresses: one spelling, and what must never be blocked."""

import contextlib
import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import TourniquetError
from shared.playbook.addresses import contains, is_public, normalise_address, why_never_block
from shared.providers.addresses import public_address

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The result must not depend on how busy the machine is."""
OWN = ["198.51.100.0/28", "2001:db8:10::/48", "::ffff:203.0.113.64/122", "[2001:db8:20::1]"]


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
        ("2002:a00:1::1", "6to4"),
        ("2002:cb00:7142::1", "6to4"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
        ("64:ff9b:1::a00:1", "private"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("::10.0.0.1", "reserved"),
        ("::203.0.113.7", "reserved"),
        ("::ffff:0:10.0.0.1", "reserved"),
        ("fec0::1", "private"),
        ("3fff::1", "documentation"),
        ("192.88.99.1", "6to4"),
        ("168.63.129.16", "Azure"),
        ("10.0.0.1%eth0", "private"),
        ("[fe80::1%25eth0]:443", "link-local"),
        ("010.0.0.1", "not an IP address"),
        ("0x0a000001", "not an IP address"),
        ("167772161", "not an IP address"),
        ("10.1", "not an IP address"),
        ("\uff11\uff10.0.0.1", "not an IP address"),
        ("10.0.0.1/32", "not an IP address"),
        ("user@10.0.0.1", "not an IP address"),
    ],
)
def test_never_blocked(address: str, why: str) -> None:
    networks = ["9.9.9.0/24", "203.0.113.250", "not a network", "2001:4860::/32"]
    assert why in (why_never_block(address, networks) or "")


@pytest.mark.parametrize("address", ["203.0.113.7", "198.51.100.4", "2001:db8::1", "8.8.8.8"])
def test_public_and_exercise_addresses_may_be_blocked(address: str) -> None:
    assert is_public(address)


@PATIENT
@given(st.ip_addresses())
def test_normal_form_is_stable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    normal = normalise_address(str(address))
    assert normal is not None
    assert normalise_address(normal) == normal
    assert (
        normalise_address(f"[{address}]:443" if address.version == 6 else f"{address}:443")
        == normal
    )


@PATIENT
@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    normalise_address(text)
    assert why_never_block(text, [text]) is not None or normalise_address(text)


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("198.51.100.0/28", "198.51.100.15", True),
        ("198.51.100.0/28", "198.51.100.16", False),
        ("198.51.100.9/28", "198.51.100.15", True),
        ("198.51.100.0/28", "::ffff:198.51.100.15", True),
        ("::ffff:198.51.100.0/124", "198.51.100.15", True),
        ("64:ff9b::198.51.100.0/124", "198.51.100.15", True),
        ("2001:db8::/32", "[2001:DB8::1]:443", True),
        ("2001:db8::1", "2001:db8::2", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("nothing", "198.51.100.1", False),
        ("198.51.100.0/28", "nothing", False),
    ],
)
def test_a_network_and_an_address_may_be_spelled_differently(
    network: str, address: str, inside: bool
) -> None:
    assert contains(network, address) is inside


def in_network(text: str) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return st.ip_addresses(network=text)


FORBIDDEN = st.one_of(
    *(
        in_network(text)
        for text in (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/28",
            "203.0.113.64/26",
            "224.0.0.0/3",
            "2001::/32",
            "2001:db8:10::/48",
            "2001:db8:20::1/128",
            "2002::/16",
            "4000::/2",
            "8000::/1",
        )
    ),
    in_network("::/8").filter(lambda one: one not in ipaddress.ip_network("::ffff:0:0/96")),
)
"""Addresses that must not be blocked, by RFC 6890 and its registries, or because they are ours."""

FORMS_OF_ANY: tuple[Callable[[str], str], ...] = (
    lambda text: f"  {text}\t",
    lambda text: f'"{text}"',
    lambda text: text.upper(),
    lambda text: f"[{text}]",
    lambda text: f"[{text}]:65535",
    lambda text: f"{text}%eth0",
    lambda text: f"[{text}%25eth0]:1",
    lambda text: f"{text}/32",
    lambda text: f"[{text}]:443" if ":" in text else f"{text}:443",
    lambda text: f"{text}\x00",
    lambda text: f"http://{text}/",
    lambda text: f"{text},8.8.8.8",
)
FORMS_OF_IPV4: tuple[Callable[[ipaddress.IPv4Address], str], ...] = (
    lambda one: f"::ffff:{one}",
    lambda one: str(ipaddress.IPv6Address(int(one) | 0xFFFF << 32)),
    lambda one: ipaddress.IPv6Address(int(one) | 0xFFFF << 32).exploded,
    lambda one: f"64:ff9b::{one}",
    lambda one: f"64:ff9b:1::{one}",
    lambda one: f"::{one}",
    lambda one: f"::ffff:0:{one}",
    lambda one: f"2002:{int(one) >> 16:x}:{int(one) & 0xFFFF:x}::1",
    lambda one: str(int(one)),
    lambda one: hex(int(one)),
    lambda one: ".".join(f"0{part:o}" for part in one.packed),
    lambda one: ".".join(f"{part:04d}" for part in one.packed),
    lambda one: ".".join(hex(part) for part in one.packed),
)


@PATIENT
@given(st.data())
def test_no_spelling_of_a_forbidden_address_is_ever_blockable(data: st.DataObject) -> None:
    address = data.draw(FORBIDDEN)
    texts = [str(address), address.exploded]
    if isinstance(address, ipaddress.IPv4Address):
        texts += [form(address) for form in FORMS_OF_IPV4]
    text = data.draw(st.sampled_from(texts))
    for form in data.draw(st.lists(st.sampled_from(FORMS_OF_ANY), max_size=2)):
        text = form(text)
    assert why_never_block(text, OWN) is not None, text


@PATIENT
@given(st.ip_addresses())
def test_a_firewall_takes_no_address_that_the_plan_refuses(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    taken = None
    with contextlib.suppress(TourniquetError):
        taken = str(public_address(str(address), vendor="v"))
    if taken and why_never_block(taken, ()):
        named = ("192.88.99.", "168.63.129.16", "3fff:")
        assert taken.startswith(named), taken
