"""Compares what a scenario left behind with what it expected, line by line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.scenarios.expectation import CaseExpectation, Expectation, ExpectedAction
from lab.scenarios.holdings import unlike
from lab.scenarios.played import (
    CONTAINMENT_VENDORS,
    Played,
    block_of,
    evidence_of,
    fits,
    label,
    refused,
)
from shared.models.base import Json
from shared.models.block import BLOCK_OUTPUTS, BlockName


@dataclass(frozen=True)
class Check:
    """One line of the result: what was expected, whether it held, and what was seen if not."""

    expected: str
    held: bool
    seen: str = ""


def check(expect: Expectation, played: Played) -> list[Check]:
    """Return one line per thing the scenario expects, in the order a reader asks for them."""
    lines = list(_cases(expect, played))
    for account, wanted in expect.accounts.items():
        of_case = _case(wanted, played.record_of(account))
        lines += [Check(f"{account}: {line.expected}", line.held, line.seen) for line in of_case]
    if not expect.accounts:
        lines += _case(expect, played.record)
    return [
        *lines,
        *_effects(expect, played),
        *_ticket_text(expect, played),
        *_told(expect, played),
        *_holdings(expect, played),
        _specifications(expect, played),
    ]


def _case(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    """Yield the lines of one case."""
    yield from _verdict(expect, record)
    yield from _plan(expect, record)
    yield from _actions(expect, record)
    yield from _blocks(expect, record)
    if expect.campaign is not None:
        yield _equal("other accounts hit", expect.campaign, record.get("campaign_count"))
    yield from _ticket(expect, record)
    yield from _evidence(expect, record)
    yield from _asked(expect, record)


def _equal(what: str, expected: Any, seen: Any) -> Check:
    return Check(f"{what} {expected}", seen == expected, str(seen))


def _one_of(what: str, allowed: Iterable[Any], seen: Any) -> Check:
    names = [str(item) for item in allowed]
    return Check(f"{what} {' or '.join(names)}", str(seen) in names, str(seen))


def _cases(expect: Expectation, played: Played) -> Iterator[Check]:
    made = [case for answer in played.answers for case in answer["cases"]]
    ids = {case["case_id"] for case in made}
    created = sum(case["created"] for case in made)
    deliveries = len(played.answers)
    told = f"{expect.cases} case{'s' if expect.cases > 1 else ''}"
    if deliveries > 1:
        told += f" for {deliveries} deliveries, created once"
    seen = f"{len(ids)} cases, created {created} times"
    yield Check(told, len(ids) == expect.cases == created, seen)
    if expect.joined:
        names = [item["title"] for item in played.record.get("joined", [])]
        held = len(names) == expect.joined
        yield Check(f"{expect.joined} incident joined the case", held, "; ".join(names) or "none")


def _verdict(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    verdict = record.get("verdict") or {}
    if expect.alert_type:
        yield _equal("alert type", expect.alert_type, record.get("alert_type"))
    if expect.confidence:
        yield _equal("confidence", expect.confidence, verdict.get("compromise_confidence_score"))
    if expect.score:
        low, high = expect.score
        score = verdict.get("score")
        yield Check(
            f"score {low} to {high}", score is not None and low <= score <= high, f"{score}"
        )
    yield _one_of("status", expect.status, record.get("status"))


def _plan(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    for wanted in expect.plan:
        seen = [
            item["disposition"]
            for item in record.get("plan", [])
            if item["action"] == wanted.action
        ]
        held = seen == [wanted.disposition]
        yield Check(
            f"plan {wanted.action}: {wanted.disposition}", held, ", ".join(seen) or "absent"
        )


def _actions(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    """Every expected action is there once, and nothing else was done."""
    if expect.actions is None:
        return
    actions: list[Json] = record.get("actions", [])
    for wanted in expect.actions:
        same = [item for item in actions if _is_target(item, wanted)]
        held = len(same) == 1 and _agrees(same[0], wanted)
        yield Check(_describe(wanted), held, "; ".join(_outcome(item) for item in same) or "absent")
    known = {wanted.action for wanted in expect.actions}
    done = [item for item in actions if item["status"] == "succeeded"]
    extra = [item for item in done if item["action"] not in known]
    title = "no other action taken" if known else "no action taken"
    yield Check(title, not extra, "; ".join(_outcome(item) for item in extra))


def _asked(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    """Yield who decided, and what the timeline must tell once."""
    if expect.decided_by:
        decision = record.get("decision") or {}
        yield _equal("decided by", expect.decided_by, decision.get("decided_by"))
    for start in expect.timeline:
        found = [one["event"] for one in record["timeline"] if one["event"].startswith(start)]
        yield Check(f"timeline once: {start}", len(found) == 1, "; ".join(found) or "absent")


def _is_target(item: Json, wanted: ExpectedAction) -> bool:
    return item["action"] == wanted.action and wanted.target in (None, item["target"])


def _agrees(item: Json, wanted: ExpectedAction) -> bool:
    undone = bool((item.get("undone") or {}).get("verified"))
    return (
        wanted.status in (None, item["status"])
        and wanted.verified in (None, item["verified"])
        and wanted.undone in (None, undone)
    )


def _describe(wanted: ExpectedAction) -> str:
    words = [str(wanted.action), wanted.target, wanted.status]
    if wanted.verified is not None:
        words.append("verified" if wanted.verified else "not verified")
    if wanted.undone is not None:
        words.append("and taken back" if wanted.undone else "and not taken back")
    return " ".join(word for word in words if word)


def _outcome(item: Json) -> str:
    verified = {True: "verified", False: "not verified"}.get(item["verified"], "not read back")
    back = ", taken back" if item.get("undone") else ""
    return f"{item['action']} {item['target']} {item['status']}, {verified}{back}"


def _effects(expect: Expectation, played: Played) -> Iterator[Check]:
    for pattern, count in expect.effects.items():
        seen = len(played.effects(pattern))
        yield Check(
            f"{pattern}: {count} effect{'s' if count != 1 else ''}", seen == count, f"{seen}"
        )
    for pattern in expect.forbidden:
        names = _labels(played.effects(pattern))
        yield Check(f"{pattern}: nothing changed", not names, names)
    others = [
        entry
        for vendor in CONTAINMENT_VENDORS
        for entry in played.effects(f"{vendor} *")
        if not any(fits(entry, pattern) for pattern in expect.effects)
    ]
    yield Check("no other change to an account or firewall", not others, _labels(others))


def _labels(entries: Iterable[Json]) -> str:
    return ", ".join(f"{label(entry)} on {entry['target']}" for entry in entries)


def _blocks(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    wrong = []
    for name, outputs in BLOCK_OUTPUTS.items():
        block = block_of(record, name)
        if not block or set(block["outputs"]) != set(outputs):
            wrong.append(str(name))
    yield Check("all nine blocks with the seed's outputs", not wrong, ", ".join(wrong))
    for name, status in expect.blocks.items():
        allowed = status if isinstance(status, list) else [status]
        block = block_of(record, name)
        check = _one_of(f"{name}", allowed, block.get("status", "absent"))
        notes = "; ".join(block.get("notes", []))
        yield (
            check
            if check.held
            else Check(check.expected, held=False, seen=f"{check.seen} ({notes})")
        )


def _ticket(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    outputs = block_of(record, BlockName.NOTIFICATION).get("outputs", {})
    ticket = outputs.get("incident_ticket_id")
    if expect.ticket:
        yield Check("ticket opened", bool(ticket), "no ticket id in the record")
    else:
        yield Check("no ticket", not ticket, str(ticket))


def _ticket_text(expect: Expectation, played: Played) -> Iterator[Check]:
    tickets = [
        json.dumps(entry.get("body"), ensure_ascii=False)
        for entry in played.effects("servicenow incident.*")
    ]
    for text in expect.ticket_says:
        held = any(text in ticket for ticket in tickets)
        yield Check(f"ticket says: {text}", held, f"not in {len(tickets)} writes")


def _told(expect: Expectation, played: Played) -> Iterator[Check]:
    for channel in expect.notified:
        sent = len(played.effects(f"{channel} *"))
        yield Check(f"analysts told by {channel}", sent > 0, f"{sent} messages")


def _holdings(expect: Expectation, played: Played) -> Iterator[Check]:
    for wanted in expect.holds:
        missing = unlike(played.held, wanted.at, wanted.fits)
        yield Check(wanted.what, missing is None, missing or "")


def _evidence(expect: CaseExpectation, record: Json) -> Iterator[Check]:
    kept = len(evidence_of(record))
    least = expect.evidence.at_least
    if least:
        yield Check(f"at least {least} pieces of evidence", kept >= least, f"{kept}")
    outputs = block_of(record, BlockName.EVIDENCE).get("outputs", {})
    for link in expect.evidence.links:
        yield Check(f"evidence {link}", bool(outputs.get(link)), "no link in the record")


def _specifications(expect: Expectation, played: Played) -> Check:
    """Every request kept to the vendor's official specification and was accepted."""
    odd = [
        entry
        for entry in refused(played.ledger)
        if not any(fits(entry, pattern) for pattern in expect.refusals)
    ]
    seen = ", ".join(f"{label(item)} {item['status']} {item.get('violation', '')}" for item in odd)
    return Check("every request accepted by the vendors' specifications", not odd, seen)
