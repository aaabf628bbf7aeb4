"""One firewall brought in line with what the cases want of one address.

A change of a firewall is mostly a whole object that is read and written back, takes minutes and
does not bear a second one beside it. So changes are asked for at the firewall's entity, and
whoever holds its lock writes everything that waits there in one go.
"""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Retry, Settled, Steps, attempt, case_activity, settle, utc_now
from orchestrators.names import Activity, Entity, Orchestrator
from shared.models.base import Json, format_utc
from shared.models.firewall import address_key

READ_BACK_SECONDS = (0, 1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60, 60, 60, 60, 60)
"""Waits before read-backs of a firewall: an IP group's change takes about 3 minutes."""

MOST_ROUNDS = 5
"""How often a change is made again because what the cases want changed meanwhile."""

MOST_WRITES = 32
"""How often what waits is written in parts, when it is refused as a whole."""

ANSWERS_KEPT = timedelta(days=1)
"""An answer that nobody fetched by then belongs to an orchestration that was ended by force."""


def align_firewall(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Block or lift an address on one firewall, as its holds want it now; read it back.

    Input: ``{"case_id", "firewall", "address", "blocking"}``; ``blocking``: this case has just
    begun to hold the address. Output: ``{"firewall", "ours", "wanted", "refused", "rule_id",
    "forbidden", "unsure", "state": BlockState | None, "error"}``; ``ours`` is false for what
    somebody else had blocked, ``forbidden`` says that the policy refused. Never fails: what could
    not be done is in ``refused`` (``unsure``: it may have been done all the same), what could not
    be read in ``error``. What cannot be read before it is written is not written: nobody would know
    whose block it is.
    """
    ours = renewed = not payload["blocking"]
    if payload["blocking"]:
        claim = yield from _claim(ctx, payload)
        if claim["unread"]:
            return _left(payload, claim)
        ours, renewed, wanted = claim["ours"], claim["known"], claim["wanted"]
    else:
        wanted = yield ask_address(ctx, payload, "wanted")
    done: Json = {}
    for _round in range(MOST_ROUNDS):
        change = {"until": wanted["until"], "cases": wanted["cases"], "renewed": renewed}
        # Not by the number of the round: one instance may align more than once.
        done = yield from _change(ctx, payload, change, ctx.new_uuid())
        now = yield ask_address(ctx, payload, "wanted")
        if bool(now["until"]) == bool(wanted["until"]):
            break
        wanted = now
    state = done["state"]
    gone = not (wanted["until"] or done["refused"]) and state and not state["present"]
    never_there = not renewed and done["refused"] and not done["unsure"]
    if gone or never_there:
        seen = {"firewall": payload["firewall"], "gone": bool(gone)}
        yield ask_address(ctx, payload, "disown", **seen)
    return done | {
        "firewall": payload["firewall"],
        "ours": ours,
        "wanted": bool(wanted["until"]),
    }


def align_all(
    ctx: task.OrchestrationContext, payload: Json, firewalls: Sequence[str], *, blocking: bool
) -> Steps[list[Json]]:
    """Bring every named firewall in line, all at the same time; return what each answered.

    One alone is brought in line here: an orchestration of its own would be nothing but more events.
    """
    request = {"case_id": payload["case_id"], "address": payload["address"], "blocking": blocking}
    requests = [request | {"firewall": name} for name in firewalls]
    if len(requests) == 1:
        settled = [(yield from _align_here(ctx, requests[0]))]
    else:
        name = str(Orchestrator.ALIGN_FIREWALL)
        settled = yield from settle(
            [ctx.call_sub_orchestrator(name, input=one) for one in requests]
        )
    lost = {"ours": True, "wanted": blocking, "rule_id": "", "state": None, "error": None}
    lost |= {"unsure": True, "forbidden": False}
    return [
        one.result or lost | {"firewall": name, "refused": one.error or "no answer"}
        for name, one in zip(firewalls, settled, strict=True)
    ]


def _align_here(ctx: task.OrchestrationContext, request: Json) -> Steps[Settled]:
    try:
        return Settled((yield from align_firewall(ctx, request)))
    except task.TaskFailedError as error:
        return Settled(error=error.details.message)


def _claim(ctx: task.OrchestrationContext, payload: Json) -> Steps[Json]:
    """Record, before the first write, that the block is ours, unless it was there already.

    Two cases may come at once: the second sees the first one's block, which is recorded by then.
    Returns ``{"ours", "known", "unread", "forbidden", "wanted"}``: whether the block is ours,
    whether it was already, why nobody can know it, or ``None``, whether that is because it must not
    be, and what the cases want now.
    """
    request = payload | {"before": True}
    before = yield from attempt(case_activity(ctx, Activity.READ_BLOCK, request, Retry.FIREWALL))
    state = before.result or {"refused": before.error or "no answer"}
    present = bool(state.get("refused") or state["present"])
    known = yield ask_address(ctx, payload, "own", firewall=payload["firewall"], present=present)
    return {
        "ours": payload["firewall"] in known["owned"],
        "known": bool(known["known"]),
        "unread": None if known["known"] else state.get("refused"),
        "forbidden": state.get("forbidden", False),
        "wanted": known,
    }


def _left(payload: Json, claim: Json) -> Json:
    """Write nothing: what is there may be somebody else's, and would be lifted as ours."""
    why = claim["unread"]
    return {
        "firewall": payload["firewall"],
        "ours": False,
        "wanted": bool(claim["wanted"]["until"]),
        "refused": why
        if claim["forbidden"]
        else f"not written, as it could not be read before: {why}",
        "forbidden": claim["forbidden"],
        "rule_id": "",
        "unsure": False,
        "state": None,
        "error": None,
    }


def _change(
    ctx: task.OrchestrationContext, payload: Json, change: Json, ticket: str
) -> Steps[Json]:
    """Ask for the change, and write it unless somebody has written it meanwhile; read it back."""
    entity = EntityInstanceId(str(Entity.FIREWALL), payload["firewall"])
    wanted = bool(change["until"])
    asked = change | {"address": payload["address"], "ticket": ticket}
    yield ctx.call_entity(entity, "ask", asked)
    read: Json | None = None
    with (yield ctx.lock_entities([entity])):
        taken = yield ctx.call_entity(entity, "take", {"ticket": ticket})
        answer = taken["answer"]
        if answer is None:
            answers = yield from _write(ctx, payload, taken["pending"])
            yield ctx.call_entity(
                entity,
                "written",
                {
                    "ticket": ticket,
                    "answers": answers,
                    "at": format_utc(utc_now(ctx)),
                    "forget_before": format_utc(utc_now(ctx) - ANSWERS_KEPT),
                },
            )
            answer = answers[payload["address"]]
            # The lock is kept until the change is in force: none other is taken before.
            read = yield from _read_back(ctx, payload, answer, present=wanted)
    if read is None:
        read = yield from _read_back(ctx, payload, answer, present=wanted)
    told = {"refused": answer["refused"], "rule_id": answer["rule_id"]}
    told["forbidden"] = answer.get("forbidden", False)
    if read["state"] and read["state"].get("broken"):
        told["refused"] = f"accepted, but the change did not get through: {read['state']['detail']}"
        return read | told | {"unsure": True}
    return read | told | {"unsure": answer.get("unsure", False)}


def _write(
    ctx: task.OrchestrationContext, payload: Json, pending: dict[str, Json]
) -> Steps[dict[str, Json]]:
    """Write everything that waits in one go; what is refused as a whole is halved, again and again.

    So one address that the firewall will not take does not keep the others off it.
    """
    answers: dict[str, Json] = {}
    parts = [list(pending)]
    for _ in range(MOST_WRITES):
        if not parts:
            break
        part = parts.pop(0)
        found = yield from _write_part(ctx, payload, {name: pending[name] for name in part})
        if found.get("apart") and len(part) > 1:
            middle = len(part) // 2
            parts = [part[:middle], part[middle:], *parts]
        else:
            answers |= found["answers"]
    left = {"rule_id": "", "refused": "refused together with others, not tried by itself"}
    return answers | {address: left for part in parts for address in part}


def _write_part(
    ctx: task.OrchestrationContext, payload: Json, part: dict[str, Json]
) -> Steps[Json]:
    request = {
        "case_id": payload["case_id"],
        "firewall": payload["firewall"],
        "block": [
            {name: one[name] for name in ("until", "cases", "renewed")} | {"address": address}
            for address, one in part.items()
            if one["until"]
        ],
        "lift": [address for address, one in part.items() if not one["until"]],
    }
    settled = yield from attempt(
        case_activity(ctx, Activity.CHANGE_FIREWALL, request, Retry.FIREWALL)
    )
    if settled.result:
        written: Json = settled.result
        return written
    # It may have been written all the same: only its answer was lost.
    refused = {"rule_id": "", "refused": settled.error or "no answer", "unsure": True}
    return {"answers": dict.fromkeys(part, refused)}


def _read_back(
    ctx: task.OrchestrationContext, payload: Json, answer: Json, *, present: bool
) -> Steps[Json]:
    """Ask the firewall until the change is in force, by durable timers, or out of patience."""
    found: Json = {"state": None, "error": None}
    if answer["refused"]:
        return found
    for wait in READ_BACK_SECONDS:
        if wait:
            yield ctx.create_timer(timedelta(seconds=wait))
        settled = yield from attempt(case_activity(ctx, Activity.READ_BLOCK, payload, Retry.READ))
        found = {"state": settled.result or found["state"], "error": settled.error}
        state = settled.result
        if state and state["present"] is present and state["provisioned"]:
            break
        # The first look may still see how the change before this one ended.
        if wait and state and state.get("broken"):
            break
    return found


def ask_address(
    ctx: task.OrchestrationContext, payload: Json, operation: str, **given: Any
) -> task.Task[Any]:
    """Ask the entity behind the payload's address (``orchestrators.holds.address``)."""
    entity = EntityInstanceId(str(Entity.ADDRESS), address_key(payload["address"]))
    now = format_utc(utc_now(ctx))
    return ctx.call_entity(entity, operation, given | {"now": now})
