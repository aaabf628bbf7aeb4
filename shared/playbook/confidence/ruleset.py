"""The versioned weights of the score, loaded once from ``ruleset.toml``."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import Field

from shared.models.base import Model


class Rule(Model):
    """What one observed signal means for the score."""

    title: str
    weight: float = Field(ge=-10, le=10)
    """Log-odds; positive incriminates, negative mitigates."""
    technique: str | None = Field(default=None, pattern=r"^T\d{4}(\.\d{3})?$")
    group: str | None = None
    """Signals of one group tell of the same thing; the strongest each way counts."""
    needs_history: bool = False
    """Whether the signal is weak while the account has little past: then everything is new."""
    source: str = Field(min_length=1)


class Ruleset(Model):
    """Prior, thresholds, critical inputs and the weight of every signal."""

    version: str
    prior: float
    high_from: int = Field(ge=1, le=100)
    low_below: int = Field(ge=0, le=99)
    minimum_completeness: float = Field(ge=0, le=1)
    thin_history_factor: float = Field(ge=0, le=1)
    """What the weights that need history are multiplied by while there is little of it."""
    critical: list[str]
    required: list[str]
    signals: dict[str, Rule]


@cache
def load_ruleset() -> Ruleset:
    """Return the ruleset this version of the app decides with.

    Raises:
        pydantic.ValidationError: the file does not hold a ruleset.
    """
    text = files("shared.playbook.confidence").joinpath("ruleset.toml").read_text(encoding="utf-8")
    return Ruleset.model_validate(tomllib.loads(text))
