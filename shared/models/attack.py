"""MITRE ATT&CK techniques by name and address; the names lie in ``attack.toml``."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import Field

from shared.models.base import Model

_ID = re.compile(r"(T\d{4})(?:\.(\d{3}))?", re.ASCII)


class Attack(Model):
    """One version of the knowledge base, reduced to what is used here."""

    version: str
    techniques: dict[str, str] = Field(min_length=1)
    """Name by id, of a sub-technique with its technique's in front."""


@cache
def load_attack() -> Attack:
    """Return the table.

    Raises:
        pydantic.ValidationError: the file is not as it should be.
    """
    text = files("shared.models").joinpath("attack.toml").read_text(encoding="utf-8")
    return Attack.model_validate(tomllib.loads(text))


def technique_name(identity: str) -> str:
    """Return a technique's name; nothing when the table does not have it."""
    return load_attack().techniques.get(identity, "")


def technique_link(value: object) -> str:
    """Return where MITRE explains a technique, or nothing when it is not an id."""
    found = _ID.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return ""
    path = "/".join(part for part in found.groups() if part)
    return f"https://attack.mitre.org/techniques/{path}/"
