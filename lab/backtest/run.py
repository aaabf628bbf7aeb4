"""One log file from records to verdicts."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lab.backtest.addresses import AddressBook
from lab.backtest.judge import MOST_CASES, judge, mfa_is_logged
from lab.backtest.labels import Expected, LabelSet
from lab.backtest.moments import (
    DETECTIONS,
    Moment,
    find_alerts,
    find_detections,
    start_cases,
)
from lab.backtest.results import ANSWERS, NO_CASE, FileResult, Judged
from lab.backtest.sources import LogFile
from lab.backtest.store import SignInStore
from lab.backtest.truth import check_detections, compare_with_truth, truth_of, worst_of
from shared.models.signin import SignIn
from shared.models.verdict import Confidence
from shared.playbook.sign_ins.codes import GUESSING_CODES
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.detected import Detection
from shared.playbook.sign_ins.neighbours import AddressUse
from shared.playbook.sign_ins.password_spray import GUESSED_USERS, find_password_sprays
from shared.playbook.sign_ins.shapes import read_sign_in
from shared.playbook.sign_ins.shapes.row import Row
from shared.playbook.sign_ins.slow_password_spray import find_slow_password_sprays

type Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it will go."""

_EVERY = 2_000


class FileRun(NamedTuple):
    """A file's result, and the answers about accounts whose truth is known."""

    result: FileResult
    judged: list[Judged]


class _Run:
    """The work on one file."""

    def __init__(
        self, file: LogFile, labels: LabelSet | None, book: AddressBook, progress: Progress
    ) -> None:
        self._file, self._labels, self._book, self._progress = file, labels, book, progress
        self._rows = self._sign_ins = self._unreadable = 0
        self._shapes: Counter[str] = Counter()
        self._record_labels: dict[str, bool] = {}
        self._counts: Counter[str] = Counter()
        self._cases = 0
        self._mfa_logged = False
        self._found: dict[str, set[str]] = defaultdict(set)
        self._verdicts: dict[str, Confidence] = {}
        self._scores: dict[str, int] = {}
        self._expected: dict[str, Expected] = {}
        self._judged: list[Judged] = []

    def read(self, store: SignInStore) -> None:
        """Fill the store with the file's sign-ins."""
        for record in self._file.records():
            self._rows += 1
            if self._rows % _EVERY == 0:
                self._progress("reading", self._file.position, self._file.size)
            if record.columns is None:
                self._unreadable += 1
                continue
            reading = read_sign_in(record.columns, row_id=f"row {self._rows}")
            if reading.shape is None:
                continue
            self._shapes[reading.shape.value] += 1
            event = reading.sign_in
            account = self._account(event, Row(record.around)) if event else ""
            if event is None or not account:
                self._unreadable += 1
                continue
            self._sign_ins += 1
            store.add(account, self._book.placed(event))
        store.finish()

    def _account(self, event: SignIn, around: Row) -> str:
        """Return whom the sign-in belongs to: its account, or the case it is labelled as."""
        own = (event.user_principal_name or event.user_id or "").lower()
        label = self._labels.records if self._labels else None
        if label is None:
            return own
        case = " / ".join(around.text(field) or "?" for field in label.case)
        self._record_labels[case] = around.truth(label.field) is True
        return case

    def judge_all(self, store: SignInStore) -> None:
        """Find the cases of every account and judge them."""
        sprays = self._sprays(store)
        done = 0
        for account, rows in store.accounts():
            events = collapse(rows)
            done += len(rows)
            self._progress("judging", done, self._sign_ins)
            self._mfa_logged = self._mfa_logged or mfa_is_logged(events)
            detected = find_detections(events, partial(store.other_users, account))
            detected += sprays.get(account, [])
            for moment in detected:
                self._found[moment.kind].add(account)
            self._judge(account, events, detected, partial(store.address_use, account))

    def _judge(
        self,
        account: str,
        events: list[SignIn],
        detected: list[Moment],
        use_of: Callable[[str, datetime, datetime], AddressUse],
    ) -> None:
        starts = start_cases([*detected, *find_alerts(events)])
        starts.sort(key=lambda start: (not set(start.kinds) & set(DETECTIONS), start.at))
        cases = [judge(account, events, start, self._book, use_of) for start in starts[:MOST_CASES]]
        self._cases += len(cases)
        best = worst_of(cases)
        self._counts[best.verdict.value if best else NO_CASE] += 1
        if best:
            self._verdicts[account] = best.verdict
            self._scores[account] = max(case.evidence_score for case in cases)
        expected = self._truth(account, events)
        if self._labels and expected:
            self._expected[account] = expected
            found = compare_with_truth(self._labels, expected, account, events, cases)
            self._judged += [one.model_copy(update={"file": self._file.name}) for one in found]

    def _truth(self, account: str, events: list[SignIn]) -> Expected | None:
        if account in self._record_labels:
            return Expected.COMPROMISED if self._record_labels[account] else Expected.BENIGN
        return truth_of(self._labels, account, events) if self._labels else None

    def _sprays(self, store: SignInStore) -> dict[str, list[Moment]]:
        codes = frozenset(GUESSING_CODES)
        found: dict[str, list[Moment]] = defaultdict(list)
        for rows in store.guessing_addresses(GUESSED_USERS, codes):
            events = collapse(rows)
            sprays: list[tuple[str, Sequence[Detection]]] = [
                ("password_spray", find_password_sprays(events)),
                ("slow_password_spray", find_slow_password_sprays(events)),
            ]
            for kind, sprayed in sprays:
                for spray in sprayed:
                    account = (spray.user_principal_name or spray.user).lower()
                    moment = Moment(spray.sign_in_at, spray.detected_at, spray.address, kind)
                    found[account].append(moment)
        return found

    def result(self, seconds: float) -> FileRun:
        """Return what came of the file."""
        return FileRun(
            FileResult(
                file=self._file.name,
                rows=self._rows,
                accounts=self._counts.total(),
                expected=self._expected,
                verdicts=self._verdicts,
                scores=self._scores,
                sign_ins=self._sign_ins,
                other_records=self._rows - self._sign_ins - self._unreadable,
                unreadable=self._unreadable,
                shapes=dict(sorted(self._shapes.items())),
                detections={name: sorted(self._found[name]) for name in DETECTIONS},
                cases=self._cases,
                counts={answer: self._counts[answer] for answer in ANSWERS},
                checks=check_detections(self._labels, self._found),
                labels=self._labels.source if self._labels else "",
                notes=self._notes(),
                seconds=round(seconds, 2),
            ),
            self._judged,
        )

    def _notes(self) -> list[str]:
        notes = []
        if self._sign_ins and not self._mfa_logged:
            notes.append(
                "The log does not tell what happened to multifactor authentication: "
                "every case with a success is held at Medium."
            )
        if self._unreadable:
            notes.append(f"{self._unreadable} rows could not be read.")
        return notes


def run_file(
    file: LogFile,
    labels: LabelSet | None,
    book: AddressBook,
    workplace: Path,
    progress: Progress,
) -> FileRun:
    """Judge every account of a log file.

    Args:
        file: the log.
        labels: what is known to be true of it.
        book: what is known of addresses.
        workplace: a folder for a temporary file about as large as the log.
        progress: called now and then.

    Raises:
        OSError: the file cannot be read.
    """
    started = time.monotonic()
    path = workplace / "sign_ins.sqlite"
    path.unlink(missing_ok=True)
    store = SignInStore(path)
    run = _Run(file, labels, book, progress)
    try:
        run.read(store)
        run.judge_all(store)
    finally:
        store.close()
        path.unlink(missing_ok=True)
    return run.result(time.monotonic() - started)
