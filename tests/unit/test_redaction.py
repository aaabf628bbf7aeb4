"""No secret and no forged line in logs, errors and histories: every secret setting is planted."""

import base64
import inspect
import io
import json
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from activities.registry import ACTIVITIES
from activities.secrecy import HiddenError, keeps_secrets
from lab.planted_secrets import BEARER, LINK_TOKEN, planted, search
from shared.case_links import Purpose, Use, sign
from shared.errors import RetryableError
from shared.log_hygiene import SafeRecord, protect_logs
from shared.redaction import HIDDEN, redact
from shared.settings import Settings
from tests.unit.source_files import ROOT

SECRETS = [
    name
    for name, one in Settings.model_fields.items()
    if SecretStr in (one.annotation, *getattr(one.annotation, "__args__", ()))
]
PEM = (
    "-----BEGIN PRIVATE KEY-----\n" + "\n".join(["Qk9H" * 16] * 4) + "\n-----END PRIVATE KEY-----\n"
)
SHAPES = {
    "google_credentials": json.dumps({"type": "service_account", "private_key": PEM}),
    "okta_private_key": json.dumps({"kty": "RSA", "d": "planted-d-of-the-key-0123456789"}),
    "teams_webhook_url": "https://x.example/flow?sp=%2Frun&sig=planted-signature-0123456789",
}


@pytest.fixture
def planted_values(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Every secret setting with a value that is easily recognised."""
    values = {name: SHAPES.get(name, f"planted-{name}-0123456789") for name in SECRETS}
    configure(**values)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "planted-azure-0123456789")
    return values


@pytest.fixture
def log() -> Iterator[Callable[[], str]]:
    """What handlers write, with the records that the app makes."""
    before, stream = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    protect_logs()
    logging.getLogger().addHandler(handler)
    yield stream.getvalue
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(before)


def test_every_secret_is_known_to_the_search(planted_values: dict[str, str]) -> None:
    env = {f"TOURNIQUET_{name.upper()}": value for name, value in planted_values.items()}
    known = planted(env | {"TOURNIQUET_SERVICENOW_USERNAME": "tourniquet"})
    assert set(known) == set(env) and all(known.values())
    for name, forms in known.items():
        found = search(b"before " + forms[0] + b" after", "somewhere", known)
        assert name in {leak.secret for leak in found}
    assert not search(b"nothing here", "somewhere", known)


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_is_taken_out_wherever_it_stands(
    name: str, planted_values: dict[str, str], log: Callable[[], str]
) -> None:
    value = planted_values[name]
    known = planted({f"TOURNIQUET_{name.upper()}": value})
    quoted = [value, json.dumps({"said": value}), f"refused: '{value}' at https://x/?a=1&b={value}"]
    for text in quoted:
        assert not search(redact(text).encode(), "text", known), text
        logging.getLogger("tourniquet.triggers").warning("vendor said %s", text)
        logging.getLogger("azure.core").error("failed: %s", text)
        try:
            raise ValueError(text)
        except ValueError:
            logging.getLogger("httpx").exception("while calling")
    assert not search(log().encode(), "log", known)
    assert HIDDEN in log() and "while calling" in log() and "ValueError" in log()


TOKENS = {
    "bearer": f"Authorization: Bearer {'a1B2' * 10}",
    "basic": "Authorization: Basic " + base64.b64encode(b"tourniquet:planted0123456789").decode(),
    "jwt": f"got {'eyJ'}hbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJlLW9mLXRva2Vu back",
    "query": "GET https://x.example/api/block-list?code=planted0123456789== failed",
    "signature": "https://x.example/flow?api-version=1&sig=planted0123456789",
    "account key": "DefaultEndpointsProtocol=https;AccountKey=planted0123456789planted==;X=1",
    "header": "{'x-functions-key': 'planted0123456789'}",
    "json": '{"client_secret": "planted0123456789"}',
    "slack": "token xoxb-0123456789-planted",
    "pem": PEM,
}


@pytest.mark.parametrize("text", TOKENS.values(), ids=TOKENS)
def test_tokens_are_known_by_their_form(text: str) -> None:
    hidden = redact(text)
    assert HIDDEN in hidden
    assert not any(part in hidden for part in ("planted0123456789", "a1B2a1B2", "Qk9HQk9H"))
    assert "c2lnbmF0" not in hidden and "dG91cm5pc" not in hidden


@pytest.mark.parametrize("use", Use)
def test_a_signed_link_is_known_by_its_form(use: Use) -> None:
    token = sign("k" * 32, "case-1", Purpose.DECISION, int(time.time()), use=use)
    for text in (f"https://soc.example/api/cases/x/decision?token={token}", f"token is {token}."):
        assert token not in redact(text)
    assert LINK_TOKEN.search(token.encode())
    assert BEARER.search(b"Authorization: Bearer abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    "text",
    [
        "enrich_user failed for ann@contoso.com: no code given (HTTP 404)",
        "case-0123456789abcdef01234567 at 2026-11-20T12:00:00.000Z, 1732104000 seconds",
        "code 50126, token expired, key: short, the basic facts of it are known to everybody here",
        "https://soc.example/api/cases/case-0123456789abcdef01234567/report",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert redact(text) == text


LINES = ["a\nERROR root forged", "a\r\nb", "a\x00b", "a\x1b[2Jb", "a\u2028b", "a\u202eb", "a\x85b"]


@pytest.mark.parametrize("text", LINES)
def test_nobody_forges_a_line_of_ours(text: str, log: Callable[[], str]) -> None:
    logging.getLogger("tourniquet.triggers").warning("refused: %s", text)
    logging.getLogger("tourniquet").warning(text)
    written = log()
    assert len(written.splitlines()) == 2
    assert written.isprintable() is False and all(c == "\n" or c.isprintable() for c in written)


def raised(kind: Callable[[str], BaseException], text: str) -> BaseException:
    """An exception that quotes the text in every place that a traceback shows."""
    inner, cause, error = (kind(f"of {text}") for _ in range(3))
    inner.add_note(text)
    error.add_note(f"noted {text}")
    cause.__context__ = kind(text)
    group = BaseExceptionGroup(text, [inner])
    try:
        raise group from cause
    except BaseExceptionGroup:
        try:
            raise error
        except BaseException as found:
            return found


def in_a_file(text: str) -> SyntaxError:
    return SyntaxError(text, (f"{text}.py", 1, 1, f"{text} = (\n"))


@pytest.mark.parametrize("kind", [ValueError, KeyError, in_a_file])
@pytest.mark.parametrize("text", LINES)
def test_nobody_forges_a_line_of_ours_by_an_exception(
    kind: Callable[[str], BaseException], text: str, log: Callable[[], str]
) -> None:
    logger = logging.getLogger("tourniquet.triggers")
    logger.error("failed", exc_info=raised(kind, "plain"))
    plain = log().splitlines()
    logger.error("failed", exc_info=raised(kind, text))
    written = log().splitlines()[len(plain) :]
    assert len(written) == len(plain) and len(plain) > 20
    assert [line.split(" ")[0] for line in written if "forged" in line].count("ERROR") == 0
    assert all(line.isprintable() for line in written)
    assert any("noted a\\u" in line for line in written)


def test_the_reviewers_line_stays_within_its_exception(log: Callable[[], str]) -> None:
    forged = "x\n2026-11-20 WARNING tourniquet.triggers: breaker was reset by ceo\x1b[2J\u202e"
    logging.getLogger("tourniquet.triggers").error("failed", exc_info=ValueError(forged))
    head, last = log().splitlines()
    assert head == "ERROR tourniquet.triggers failed"
    assert last == (
        "ValueError: x\\u000a2026-11-20 WARNING tourniquet.triggers: breaker was reset by ceo"
        "\\u001b[2J\\u202e"
    )


def test_others_keep_their_form(log: Callable[[], str]) -> None:
    logging.getLogger("grpc").warning("first\nsecond")
    logging.getLogger("tourniquet.x").error("tab\tstays")
    assert log() == "WARNING grpc first\nsecond\nERROR tourniquet.x tab\tstays\n"


def test_an_exception_without_a_secret_is_logged_whole(log: Callable[[], str]) -> None:
    try:
        raise KeyError("plain words")
    except KeyError as error:
        logging.getLogger("tourniquet.x").error("failed", exc_info=error)
    assert "Traceback" in log() and "plain words" in log()


async def test_no_history_holds_a_secret_that_an_activity_quotes(
    planted_values: dict[str, str],
) -> None:
    secret = planted_values["virustotal_api_key"]

    async def unexpected(payload: dict[str, Any]) -> None:
        raise ValueError(f"bad header {secret}")

    async def ours(payload: dict[str, Any]) -> None:
        try:
            raise OSError(secret)
        except OSError as error:
            raise RetryableError(f"no answer to {secret}", vendor="virustotal") from error

    with pytest.raises(HiddenError) as hidden:
        await keeps_secrets(unexpected)({})
    assert str(hidden.value) == f"ValueError: bad header {HIDDEN}"
    with pytest.raises(RetryableError) as kept:
        await keeps_secrets(ours)({})
    assert str(kept.value) == f"virustotal: no answer to {HIDDEN}"
    for error in (hidden.value, kept.value):
        assert secret not in "".join(traceback.format_exception(error))


async def test_an_activity_without_a_secret_is_as_before() -> None:
    async def fails(payload: dict[str, Any]) -> int:
        if "number" in payload:
            return int(payload["number"])
        raise KeyError("number")

    kept = keeps_secrets(fails)
    assert await kept({"number": 3}) == 3
    assert inspect.signature(kept) == inspect.signature(fails)
    with pytest.raises(KeyError):
        await kept({})


LAYERS = """
import logging, function_app
for one in (builder._function for builder in function_app.app._function_builders):
    # The SDK's adapter takes on the source file of what it calls.
    print(one.get_function_name(), one.get_user_function().__code__.co_filename)
print(logging.getLogRecordFactory().__name__, "records")
"""


def test_every_activity_of_the_app_keeps_secrets_and_every_log_line_does() -> None:
    # In a process of its own: the app's parts can be registered once in each.
    done = subprocess.run(
        [sys.executable, "-c", LAYERS], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    inner = {found[activity.__name__] for activity in ACTIVITIES}
    assert inner == {inspect.getsourcefile(keeps_secrets)}
    assert SafeRecord.__name__ in found


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_stands_around_it_the_secret_goes(before: str, after: str) -> None:
    assert "planted0123456789" not in redact(f"{before} sig=x Bearer planted0123456789 {after}")


def test_a_long_text_is_redacted_in_time_that_grows_with_it() -> None:
    before = time.process_time()
    for part in ("eyJ" + "a" * 40, "1732104000.1.", "key = ", "-----BEGIN PRIVATE KEY-----"):
        redact(part * 20_000)
    # Of this process alone, and far more than it takes: what is looked for is a hang.
    assert time.process_time() - before < 5
