import pytest

from shared.errors import PermanentError, PermissionDenied, RetryableError, TourniquetError
from shared.providers.panos.messages import read_answer, register, tags_of


def refused(*messages: str) -> str:
    entries = "".join(f'<entry ip="203.0.113.7" message="{text}"/>' for text in messages)
    return (
        '<response status="error"><msg><line><uid-response><payload><register>'
        f"{entries}</register></payload></uid-response></line></msg></response>"
    )


def error(code: str) -> str:
    return f'<response status="error" code="{code}"><msg><line>no</line></msg></response>'


def test_an_error_that_may_be_ignored_is_none() -> None:
    assert read_answer(refused("tag x already exists, ignore"), operation="register") is not None


def test_one_real_error_among_others_counts() -> None:
    text = refused("tag x already exists, ignore", "invalid ip address")
    with pytest.raises(PermanentError, match="invalid ip address"):
        read_answer(text, operation="register")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (error("16"), PermissionDenied),
        (error("403"), PermissionDenied),
        (error("21"), RetryableError),
        (error("17"), PermanentError),
        ("<html>", RetryableError),
        ("", RetryableError),
        ('<!DOCTYPE x [<!ENTITY a "b">]><response status="success">&a;</response>', RetryableError),
    ],
)
def test_what_an_answer_with_status_200_means(text: str, kind: type[TourniquetError]) -> None:
    with pytest.raises(kind):
        read_answer(text, operation="register")


def test_a_tag_cannot_change_the_message() -> None:
    assert "&lt;/member&gt;" in register("</member>", {"203.0.113.7": 60})


def test_tags_of_another_address_do_not_count() -> None:
    answer = read_answer(
        '<response status="success"><result><entry ip="203.0.113.77"><tag><member>t</member></tag>'
        "</entry></result></response>",
        operation="show.registered-ip",
    )
    assert tags_of(answer, "203.0.113.7") == set()
    assert tags_of(answer, "203.0.113.77") == {"t"}
