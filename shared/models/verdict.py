"""The verdict: how sure we are that the account is compromised, and why."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model


class Confidence(StrEnum):
    """The seed's ``compromise_confidence_score``."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class Reason(Model):
    """One observed signal that moved the score, as a sentence an analyst can check."""

    id: str
    title: str
    weight: float
    """Signed log-odds weight: positive incriminates, negative mitigates."""
    evidence: str
    """Where the reader can check it: rows, times, values."""
    technique: str | None = None
    """MITRE ATT&CK technique id, for example ``T1110.001``."""


class Verdict(Model):
    """Output of scoring; frozen names of the case record."""

    compromise_confidence_score: Confidence
    score: int = Field(ge=0, le=100)
    reasons: list[Reason] = Field(default_factory=list)
    completeness: float = Field(ge=0, le=1)
    """Share of the critical inputs that were known, 0 to 1."""
    ruleset: str
    """Version of the weights used."""
