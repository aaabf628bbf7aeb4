"""What is known to be true of recorded data: which accounts were compromised, and when.

A label file (YAML) holds a list of label sets. It stands beside the data (``labels.yaml`` in the
same folder, or ``<log file>.labels.yaml``), or in ``lab/backtest/labels/`` for public data sets.
docs/backtest.md explains every field.
"""

from enum import StrEnum
from pathlib import Path, PurePosixPath

import yaml
from pydantic import Field, ValidationError

from shared.models.base import Model, UtcDatetime

PUBLIC = Path(__file__).parent / "labels"
_BESIDE = "labels.yaml"


class LabelError(Exception):
    """A label file cannot be used; the message names the file and the mistake."""


class Expected(StrEnum):
    """What an account was."""

    COMPROMISED = "compromised"
    BENIGN = "benign"


class Compromise(Model):
    """An account that an intruder used."""

    account: str
    """User principal name or object id, or its part before the ``@``; case does not matter."""
    since: UtcDatetime | None = None
    """From when; what the account did before is benign. Without it: all the time."""


class RecordLabel(Model):
    """A label that stands in every record, beside the log row."""

    field: str
    """Its value is true when the record tells of a compromise."""
    case: list[str]
    """Fields that name the case; each case is judged as an account of its own."""


class LabelSet(Model):
    """The labels of some files."""

    files: list[str] = Field(min_length=1)
    """File name patterns (``*cloudora*signin*.csv``); a ``.gz`` at the end does not matter."""
    source: str = Field(min_length=1)
    """Who says so."""
    counts: bool = True
    """Whether the accounts count in precision and recall; ``false`` for labels of another thing."""
    complete: bool = False
    """Whether every account that is not named was benign."""
    compromised: list[Compromise] = Field(default_factory=list)
    benign: list[str] = Field(default_factory=list)
    attacker_addresses: list[str] = Field(default_factory=list)
    """Addresses or their beginnings (``102.89.23.``): whoever succeeded from one is compromised."""
    detections: dict[str, list[str]] | None = None
    """Detection to the accounts it must find, no more and no fewer; others may find anything."""
    addresses: list[str] = Field(default_factory=list)
    """Tables of address facts, relative to the log file; used where they exist."""
    records: RecordLabel | None = None

    def matches(self, name: str) -> bool:
        """Whether the set is about a file."""
        bare = PurePosixPath(name.removesuffix(".gz")).name
        return any(PurePosixPath(bare).full_match(pattern) for pattern in self.files)

    def expected(self, account: str, addresses: set[str]) -> Expected | None:
        """Return what an account was, ``None`` when nothing is known.

        Args:
            account: the account's name in the log, lower case.
            addresses: the addresses it succeeded from.
        """
        if self.compromise_of(account) or any(self.is_attacker(one) for one in addresses):
            return Expected.COMPROMISED
        named = any(_is_same(name, account) for name in self.benign)
        return Expected.BENIGN if self.complete or named else None

    def compromise_of(self, account: str) -> Compromise | None:
        """Return the named compromise of an account."""
        return next((one for one in self.compromised if _is_same(one.account, account)), None)

    def is_attacker(self, address: str) -> bool:
        """Whether an address is an attacker's."""
        return any(
            address == known or (known.endswith((".", ":")) and address.startswith(known))
            for known in self.attacker_addresses
        )


def load_labels(log_file: Path) -> LabelSet | None:
    """Return the label set of a log file: beside the data first, then the public ones.

    Raises:
        LabelError: a label file is wrong.
    """
    beside = [log_file.with_name(log_file.name + ".labels.yaml"), log_file.with_name(_BESIDE)]
    for path in [*beside, *sorted(PUBLIC.glob("*.yaml"))]:
        if path.is_file():
            for labels in read_labels(path):
                if labels.matches(log_file.name):
                    return labels
    return None


def read_labels(path: Path) -> list[LabelSet]:
    """Return the label sets of a file.

    Raises:
        LabelError: the file is wrong.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [LabelSet.model_validate(item) for item in data]
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        raise LabelError(f"{path}: {error}") from error


def _is_same(name: str, account: str) -> bool:
    wanted = name.lower()
    return wanted == account or ("@" not in wanted and wanted == account.partition("@")[0])
