"""What a backtest says: the shape of ``.lab/backtest.json``.

``files[].file``, ``rows``, ``accounts``, ``expected``, ``verdicts``, and ``confusion``,
``precision``, ``recall``, ``rows_per_s`` are frozen; fields may be added, not changed.
"""

from pydantic import Field

from lab.backtest.judge import JudgedCase
from lab.backtest.labels import Expected
from shared.models.base import Model
from shared.models.verdict import Confidence

NO_CASE = "no case"
"""What stands for the verdict on an account that nothing would have raised an alert about."""
ANSWERS = (*(level.value for level in Confidence), NO_CASE)


class Judged(Model):
    """The answer about one account, or one part of its time, whose truth is known."""

    file: str
    account: str
    expected: Expected
    answer: str
    """One of ``ANSWERS``."""
    evidence_score: int
    """0 without a case."""
    counts: bool = True
    case: JudgedCase | None = None

    @property
    def told(self) -> bool:
        """Whether a person is told or the app acts: Medium or High."""
        return self.answer in (Confidence.HIGH.value, Confidence.MEDIUM.value)


class DetectionCheck(Model):
    """What a detection had to find in a file, and did."""

    detection: str
    expected: list[str]
    missed: list[str]
    unexpected: list[str]


class FileResult(Model):
    """One log file."""

    file: str
    rows: int
    accounts: int
    expected: dict[str, Expected] = Field(default_factory=dict)
    """Account to what it was, where that is known."""
    verdicts: dict[str, Confidence] = Field(default_factory=dict)
    """Account to the highest verdict on it; accounts without a case are not listed."""
    scores: dict[str, int] = Field(default_factory=dict)
    """Account to the highest score of the evidence alone."""
    sign_ins: int = 0
    other_records: int = 0
    """Rows that are no sign-ins of people: audit events, other tables."""
    unreadable: int = 0
    shapes: dict[str, int] = Field(default_factory=dict)
    detections: dict[str, list[str]] = Field(default_factory=dict)
    """Detection to the accounts it found."""
    cases: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    """Accounts per answer."""
    checks: list[DetectionCheck] = Field(default_factory=list)
    labels: str = ""
    """Who says what the accounts were."""
    notes: list[str] = Field(default_factory=list)
    seconds: float = 0.0


class Confusion(Model):
    """Answers against the truth; positive means High or Medium: a person is told, or it acts."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0
    compromised: dict[str, int] = Field(default_factory=dict)
    """Answer to number, of what was compromised."""
    benign: dict[str, int] = Field(default_factory=dict)


class Bin(Model):
    """Ten points of the score."""

    start: int
    compromised: int = 0
    benign: int = 0
    unlabelled: int = 0


class Change(Model):
    """An account whose answer differs from the run compared with."""

    file: str
    account: str
    before: str
    after: str
    score_before: int | None
    score_after: int | None


class Comparison(Model):
    """The difference to another result."""

    ruleset: str
    precision: float | None
    recall: float | None
    changes: list[Change]
    changes_in_all: int


class BacktestResult(Model):
    """The whole run."""

    ruleset: str
    data: str
    files: list[FileResult]
    skipped: list[str] = Field(default_factory=list)
    """Files that could not be read, each with the reason."""
    confusion: Confusion
    precision: float | None
    """Share of compromised among the answers High or Medium; ``null`` when there is none."""
    recall: float | None
    precision_high: float | None
    """The same for High alone: what the app would do by itself."""
    recall_high: float | None
    rows: int
    rows_per_s: float
    histogram: list[Bin]
    """Scores of the evidence of every judged account with a case."""
    wrong: list[Judged]
    wrong_in_all: int
    compared: Comparison | None = None
