"""Linking the cases of accounts that one address hit; beside everything else, awaited by nothing.

The case that finds others tells them, at milestones (``shared.playbook.reporting.campaign``), and
the SOC once. Nothing here decides or does anything to an account.
"""

from collections.abc import Generator, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any

from durabletask import task

from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    problem,
    save,
    settle,
    timeline,
)
from orchestrators.names import Activity, Orchestrator
from orchestrators.standing import Standing
from shared.models.base import Json, format_utc
from shared.models.verdict import Confidence
from shared.playbook.planning.decided import Decided
from shared.playbook.reporting.campaign_text import hit_words, seen_from
from shared.playbook.reporting.told import SENT, whom

AT_ONCE = 10
"""Cases that are told at the same time: a storm must not take the ticket system's breath."""
TICKET_SECONDS = (10, 60)
"""Waits for a case's ticket that is only just being opened; later its own texts say it."""


def start_linking(ctx: task.OrchestrationContext, standing: Standing, decided: Decided) -> None:
    """Start to look for other accounts that the attack's address hit, once for each address.

    ``decided`` is a judgement of the case, also one by which there is nothing more to do: an
    incident that joins may bring an address that hit others.
    """
    case = standing.case
    address = decided.campaign_address
    unsure = decided.verdict.compromise_confidence_score is Confidence.LOW
    if case.account is None or address is None or unsure or address in standing.links:
        return
    name = decided.user_principal_name or case.account.user_principal_name or case.account.user_id
    standing.links[address] = ctx.call_sub_orchestrator(
        str(Orchestrator.LINK_CAMPAIGN),
        input={
            "case_id": case.case_id,
            "address": address,
            "account_id": decided.object_id or case.account.key,
            "account": name,
            "opened_at": format_utc(case.received_at),
            "confidence": decided.verdict.compromise_confidence_score,
        },
        instance_id=f"{ctx.instance_id}:campaign:{len(standing.links) + 1}",
    )


def link_campaign(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Find the other accounts that an address hit, and tell the cases and the SOC.

    Input: that of ``find_campaign``. Output: ``{"count", "told": other cases that got the note}``.
    Never fails: without the case store nothing is linked, and the record says so.
    """
    found = yield from attempt(case_activity(ctx, Activity.FIND_CAMPAIGN, payload, Retry.SAVE))
    if not found.result:
        event = f"other accounts hit from {payload['address']} could not be looked for"
        yield from _write(ctx, payload["case_id"], {}, f"{event}: {found.error}")
        return {"count": 0, "told": 0}
    links: Json = found.result
    if not links["count"]:
        return {"count": 0, "told": 0}
    own = {name: payload[name] for name in ("case_id", "account", "address", "opened_at")}
    links["cases"] = [*links["cases"], own | {"confidence": payload["confidence"]}]
    words = _words(payload, links, payload["case_id"])
    yield from _write(ctx, payload["case_id"], _gains(links, payload["case_id"]), words)
    page = [_page(ctx, payload["case_id"], words)] if links["page"] else []
    told, missed = yield from _tell(ctx, payload, links)
    events = [_paged_line(one) for one in (yield from settle(page))]
    if missed:
        events.append(f"{missed} of the other accounts' cases could not be told")
    if events:
        patch = {"timeline": timeline(ctx, *events)}
        yield from attempt(save(ctx, payload["case_id"], patch))
    return {"count": links["count"], "told": told}


def _paged_line(answer: Settled) -> str:
    channels = (answer.result or {}).get("channels", {}) or {"all": answer.error}
    told = "told" if SENT in channels.values() else "NOT told"
    return f"SOC {told} of several accounts hit from one address: {whom(channels)}"


def _page(ctx: task.OrchestrationContext, case_id: str, words: str) -> task.Task[Any]:
    message = {"case_id": case_id, "phase": "campaign", "why": words}
    return case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE)


def _tell(ctx: task.OrchestrationContext, payload: Json, links: Json) -> Steps[tuple[int, int]]:
    """Tell this case's ticket and the others; return how many others were told, and could not."""
    waiting: list[str] = []
    lost: list[str] = []
    told = missed = 0
    for batch in batched([payload["case_id"], *links["tell"]], AT_ONCE, strict=False):
        answers = yield from _claim(ctx, payload, links, batch)
        takes = [one for one, answer in zip(batch, answers, strict=True) if _is_to(answer, "tell")]
        others = [case_id for case_id in takes if case_id != payload["case_id"]]
        yield from _note(ctx, payload, links, others)
        told += len(others)
        failed = [one for one, answer in zip(batch, answers, strict=True) if answer.error]
        missed += len([one for one in failed if one != payload["case_id"]])
        waiting += yield from _write_tickets(ctx, batch, answers, lost)
    for seconds in TICKET_SECONDS:
        if not waiting:
            break
        yield ctx.create_timer(timedelta(seconds=seconds))
        late, waiting = waiting, []
        for batch in batched(late, AT_ONCE, strict=False):
            answers = yield from _claim(ctx, payload, links, batch)
            waiting += yield from _write_tickets(ctx, batch, answers, lost)
    if lost:
        event = f"{len(lost)} tickets do NOT say which accounts were hit: {lost[0]}"
        yield from _write(ctx, payload["case_id"], {}, event)
    return told, missed


def _claim(
    ctx: task.OrchestrationContext, payload: Json, links: Json, case_ids: Sequence[str]
) -> Steps[list[Settled]]:
    claim = {
        "address": payload["address"],
        "milestone": links["milestone"],
        "by": payload["case_id"],
    }
    claims = [claim | {"case_id": one} for one in case_ids]
    return (
        yield from settle(
            [case_activity(ctx, Activity.CLAIM_CAMPAIGN_NOTE, one, Retry.READ) for one in claims]
        )
    )


def _note(
    ctx: task.OrchestrationContext, payload: Json, links: Json, case_ids: Sequence[str]
) -> Steps[None]:
    """Write what was found into the records and on the incidents of other cases."""
    patches = {
        one: _gains(links, one) | {"timeline": timeline(ctx, _words(payload, links, one))}
        for one in case_ids
    }
    yield from settle([save(ctx, one, patch, Retry.READ) for one, patch in patches.items()])
    comments = [{"case_id": one, "phase": "campaign"} for one in case_ids]
    yield from settle(
        [case_activity(ctx, Activity.COMMENT_INCIDENT, one, Retry.READ) for one in comments]
    )


def _write_tickets(
    ctx: task.OrchestrationContext,
    case_ids: Sequence[str],
    answers: Sequence[Settled],
    lost: list[str],
) -> Steps[list[str]]:
    """Write a note on each ticket that is there; return the cases whose ticket is not yet.

    What went wrong is added to ``lost``.

    Only on tickets that are known: whoever writes first makes the ticket, and two that make it at
    the same time make two.
    """
    known = dict(zip(case_ids, answers, strict=True))
    takes = [one for one, answer in known.items() if _is_to(answer, "tell")]
    there = [one for one in takes if _is_to(known[one], "has_ticket")]
    notes = [{"case_id": one, "phase": "campaign", "must_exist": True} for one in there]
    written = yield from settle(
        [case_activity(ctx, Activity.OPEN_TICKET, one, Retry.READ) for one in notes]
    )
    lost += [
        f"{case_id}: {why}"
        for case_id, one in zip(there, written, strict=True)
        if (why := problem(one))
    ]
    return [one for one in takes if one not in there]


def _is_to(answer: Settled, what: str) -> bool:
    return bool((answer.result or {}).get(what))


def _gains(links: Json, case_id: str) -> Json:
    return seen_from(case_id, links["cases"], links["count"])


def _words(payload: Json, links: Json, case_id: str) -> str:
    accounts = [one["account"] for one in links["cases"] if one["case_id"] != case_id]
    return hit_words(links["count"], accounts, payload["address"])


def _write(ctx: task.OrchestrationContext, case_id: str, patch: Json, event: str) -> Steps[None]:
    yield from attempt(save(ctx, case_id, patch | {"timeline": timeline(ctx, event)}))
