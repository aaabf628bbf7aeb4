import pytest

from shared.errors import NotSupported, PermanentError
from shared.providers.addresses import public_address
from shared.providers.links import is_web_url, web_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.8.8", "8.8.8.8"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("::ffff:8.8.4.4", "8.8.4.4"),
        ("2001:4860:4860:0000::8888", "2001:4860:4860::8888"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_public_addresses_are_normalised(text: str, expected: str) -> None:
    assert str(public_address(text, vendor="v")) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::ffff:10.0.0.1"),
        *("::1", "fe80::1", "fd00::1", "ff02::1", "::"),
    ],
)
def test_other_addresses_never_leave(text: str) -> None:
    with pytest.raises(NotSupported):
        public_address(text, vendor="v")


@pytest.mark.parametrize("text", ["", "host", "1.2.3", "1.2.3.4/24", "8.8.8.8:443", "8.8.8.8\n,"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(PermanentError):
        public_address(text, vendor="v")


@pytest.mark.parametrize(
    "url", ["https://portal.azure.com/#blade/x?y=1", "http://127.0.0.1:7071/api/cases/1"]
)
def test_web_addresses_are_links(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//host/path",
            "https://",
        ),
        *("https://a b", 'https://a/"onclick=', "https://a/<b>", "ftp://a", "", "https://[bad"),
        "https://a/" + "x" * 3000,
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_web_url(url)


def test_only_labelled_web_links_are_kept() -> None:
    links = [("Case", "https://a/b"), ("Bad", "javascript:x"), (" ", "https://a/c")]
    assert web_links(links) == [("Case", "https://a/b")]
