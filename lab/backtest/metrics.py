"""How right the answers are: pure functions over judged accounts."""

from collections import Counter
from collections.abc import Iterable, Sequence

from lab.backtest.labels import Expected
from lab.backtest.results import ANSWERS, Bin, Confusion, FileResult, Judged
from shared.models.verdict import Confidence

BIN = 10


def count(judged: Iterable[Judged]) -> Confusion:
    """Return the confusion matrix of the judgements that count."""
    answers = {expected: Counter[str]() for expected in Expected}
    told = {expected: Counter[bool]() for expected in Expected}
    for one in judged:
        if one.counts:
            answers[one.expected][one.answer] += 1
            told[one.expected][one.told] += 1
    return Confusion(
        true_positive=told[Expected.COMPROMISED][True],
        false_negative=told[Expected.COMPROMISED][False],
        false_positive=told[Expected.BENIGN][True],
        true_negative=told[Expected.BENIGN][False],
        compromised={answer: answers[Expected.COMPROMISED][answer] for answer in ANSWERS},
        benign={answer: answers[Expected.BENIGN][answer] for answer in ANSWERS},
    )


def share(part: int, rest: int) -> float | None:
    """Return ``part`` of ``part + rest``, ``None`` of nothing."""
    return round(part / (part + rest), 4) if part + rest else None


def precision_and_recall_of_high(confusion: Confusion) -> tuple[float | None, float | None]:
    """Return precision and recall when only High counts as an alarm."""
    high = Confidence.HIGH.value
    hits = confusion.compromised.get(high, 0)
    all_compromised = sum(confusion.compromised.values())
    return share(hits, confusion.benign.get(high, 0)), share(hits, all_compromised - hits)


def histogram(judged: Sequence[Judged], files: Sequence[FileResult]) -> list[Bin]:
    """Return how many accounts with a case have which score, by what they were."""
    bins = [
        dict[str, int](start=start, compromised=0, benign=0, unlabelled=0)
        for start in range(0, 100, BIN)
    ]
    for one in judged:
        if one.counts and one.case:
            bins[_index(one.evidence_score)][one.expected.value] += 1
    for file in files:
        for account, score in file.scores.items():
            if account not in file.expected:
                bins[_index(score)]["unlabelled"] += 1
    return [Bin(**values) for values in bins]


def is_wrong(one: Judged) -> bool:
    """Whether an answer is wrong: compromised and not told, or benign and told."""
    return one.told is not (one.expected is Expected.COMPROMISED)


def _index(score: int) -> int:
    return min(score // BIN, 100 // BIN - 1)
