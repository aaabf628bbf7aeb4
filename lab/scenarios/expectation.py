"""What must come of a scenario, as its file says it; docs/scenarios.md explains it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.models.base import Model
from shared.models.block import BlockName, BlockStatus
from shared.models.case import AlertType, CaseStatus
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence


def as_list(value: Any) -> Any:
    """Return a single text as a list of it."""
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(as_list)]


class ExpectedAction(Model):
    """One action the case record must show; unset fields are not compared."""

    action: ActionName
    target: str | None = None
    status: ActionStatus | None = None
    verified: bool | None = None
    undone: bool | None = None
    """Whether it was taken back, and the provider confirmed that."""


class ExpectedPlan(Model):
    """One planned action the record must show."""

    action: ActionName
    disposition: Disposition


class ExpectedEvidence(Model):
    """What must be kept: at least so many items, and these outputs of the block not empty."""

    at_least: int = Field(default=0, ge=0)
    links: list[str] = Field(default_factory=list)


class ExpectedHolding(Model):
    """What a simulated vendor must hold in the end (``lab.scenarios.holdings``)."""

    what: str
    """In words, for whoever reads the result."""
    at: str
    """The path to it."""
    fits: Names
    """Patterns; each must fit a value there."""


class CaseExpectation(Model):
    """What one case's record must show."""

    alert_type: AlertType | None = None
    confidence: Confidence | None = None
    score: tuple[int, int] | None = None
    status: Annotated[list[CaseStatus], BeforeValidator(as_list)] = Field(
        default_factory=lambda: [CaseStatus.CONTAINED]
    )
    plan: list[ExpectedPlan] = Field(default_factory=list)
    actions: list[ExpectedAction] | None = Field(default_factory=list)
    """Exactly these; ``null``: whatever was done, ``effects`` says how much."""
    blocks: dict[BlockName, BlockStatus | list[BlockStatus]] = Field(default_factory=dict)
    campaign: int | None = None
    """How many other accounts the record says that the same address hit."""
    ticket: bool = True
    evidence: ExpectedEvidence = Field(default_factory=ExpectedEvidence)
    decided_by: str | None = None
    timeline: list[str] = Field(default_factory=list)
    """Starts of entries, each of which must be there once."""


class Expectation(CaseExpectation):
    """What must hold when the case is done; every line is checked and shown by itself.

    An incident of several accounts becomes several cases: ``accounts`` says what must hold for
    each, and the fields of a single case stay empty.
    """

    why: str = ""
    """The argument of a good analyst, for people."""
    cases: int = Field(default=1, ge=1)
    joined: int = Field(default=0, ge=0)
    """How many incidents must have joined the case."""
    accounts: dict[str, CaseExpectation] = Field(default_factory=dict)
    """User principal name to what must hold for that account's case."""
    effects: dict[str, int] = Field(default_factory=dict)
    """``vendor operation`` pattern (``entra *``) to the exact number of side effects."""
    forbidden: list[str] = Field(default_factory=list)
    """``vendor operation`` patterns that must not have changed anything."""
    ticket_says: list[str] = Field(default_factory=list)
    """Texts that must be in a ticket's fields."""
    refusals: list[str] = Field(default_factory=list)
    """``vendor operation`` patterns that the vendor is expected to refuse (4xx)."""
    notified: tuple[
        Literal["slack", "email", "teams", "pagerduty", "communication_services"], ...
    ] = ("slack", "email")
    holds: list[ExpectedHolding] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_case_or_several(self) -> Self:
        of_one = self.model_fields_set & set(CaseExpectation.model_fields)
        if self.accounts and of_one:
            raise ValueError(f"with 'accounts', say there: {', '.join(sorted(of_one))}")
        if self.accounts and len(self.accounts) != self.cases:
            raise ValueError("'accounts' must name every case's account")
        return self
