"""docs/configuration.md names every setting with its true default, and nothing that is unknown."""

import json
import re
from dataclasses import dataclass

from pydantic import SecretStr

from shared.settings import Settings
from tests.unit.source_files import ROOT, product_files

ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (yes|no) \| (\S.*) \|$", re.MULTILINE)
ENVIRONMENT = re.compile(r"os\.environ(?:\.get)?[(\[]\"(\w+)\"")
OF_THE_HOST = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
OF_LIBRARIES = {"SSL_CERT_FILE", "HTTPS_PROXY", "OTEL_EXPORTER_OTLP_HEADERS"} | OF_THE_HOST
"""Read by Python, aiohttp, OpenTelemetry and the host, not by our code."""
NOT_SET = "not set"


@dataclass(frozen=True)
class Documented:
    """One row of a table of settings."""

    default: str
    secret: bool


def documented() -> dict[str, Documented]:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert len({name for name, *_ in rows}) == len(rows), "a setting is documented twice"
    return {
        name: Documented(default.strip("`"), secret == "yes") for name, default, secret, _ in rows
    }


def ours() -> dict[str, Documented]:
    return {
        f"TOURNIQUET_{name.upper()}": Documented(
            shown(field.get_default(call_default_factory=True, validated_data={})),
            SecretStr in getattr(field.annotation, "__args__", ()),
        )
        for name, field in Settings.model_fields.items()
    }


def shown(default: object) -> str:
    """A default as people write it in an app setting."""
    if default is None or default == []:
        return NOT_SET
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_our_settings_are_documented_with_default_and_secrecy() -> None:
    found = {name: row for name, row in documented().items() if name.startswith("TOURNIQUET_")}
    assert found == ours()


def test_other_settings_are_those_of_the_example_and_those_that_the_app_reads() -> None:
    values = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))[
        "Values"
    ]
    read = {
        name
        for file in product_files()
        for name in ENVIRONMENT.findall((ROOT / file).read_text(encoding="utf-8"))
    }
    assert "WEBSITE_AUTH_ENABLED" in read
    assert set(documented()) == set(values) | read | set(ours()) | OF_LIBRARIES
