"""Entities behind blocks: which cases hold an address, and what a firewall is still to write.

Both get ``now`` in their input, as an entity has no clock that is the same when it is repeated.
Times are ISO 8601 UTC as ``format_utc`` writes them, so they compare as text.
"""

from typing import Any

from durabletask import entities

from shared.models.base import Json


def address(ctx: entities.EntityContext, given: Any) -> Any:
    """Stand for one address: which cases hold it until when, and on which firewalls we put it.

    Key: ``address_key``. A hold that is over counts no longer, whatever became of its case. A
    firewall is ours (``owned``) from before the first write until the address is seen to be gone:
    what somebody else had blocked is never lifted.

    Operations, each with ``now``: ``hold`` (``case_id``, ``until``, ``keeper``: the instance that
    lifts it), ``prolong`` (``case_id``, ``until``; nothing without a hold: it was released),
    ``release`` (``case_id``), ``wanted``, ``own`` (``firewall``, ``present``: was it
    there before we wrote), ``disown`` (``firewall``, ``gone``: it was seen to be gone, which says
    nothing once another case holds the address). Each returns ``{"until", "cases", "owned",
    "known", "keeper"}``; ``known``: whether the named firewall was ours before the operation;
    ``keeper``: that of the named case's hold before the operation.
    """
    state = ctx.get_state(dict, None) or {"holds": {}, "owned": []}
    holds = {case: one for case, one in state["holds"].items() if one["until"] > given["now"]}
    named = state["holds"].get(given.get("case_id"), {})
    owned = set(state["owned"])
    known = given.get("firewall") in owned
    match ctx.operation:
        case "hold":
            holds[given["case_id"]] = {"until": given["until"], "keeper": given["keeper"]}
        case "prolong" if given["case_id"] in holds:
            holds[given["case_id"]]["until"] = given["until"]
        case "release":
            holds.pop(given["case_id"], None)
        case "own" if not given["present"]:
            owned.add(given["firewall"])
        case "disown" if not (given["gone"] and holds):
            owned.discard(given["firewall"])
    ctx.set_state({"holds": holds, "owned": sorted(owned)} if holds or owned else None)
    return {
        "until": max((one["until"] for one in holds.values()), default=None),
        "cases": sorted(holds),
        "owned": sorted(owned),
        "known": known,
        "keeper": named.get("keeper"),
    }


def firewall(ctx: entities.EntityContext, given: Any) -> Any:
    """Stand for one firewall: changes that wait to be written, and answers not yet fetched.

    Key: the firewall's name. It is locked while a change is written and comes into force; what is
    asked for meanwhile waits in front of it and goes, all together, in the next write.

    Operations: ``ask`` (``ticket``, ``address``, and ``until``, ``cases``, ``renewed`` of a
    ``WantedBlock``; ``until`` is ``None`` to lift), of which the last for an address counts;
    ``take`` (``ticket``) returns ``{"answer", "pending"}``; ``written`` (``ticket``, ``answers``
    by address, ``at``, ``forget_before``) hands each answer to everybody who asked about the
    address, except the ``ticket`` that wrote.
    """
    state = ctx.get_state(dict, None) or {"pending": {}, "answers": {}}
    pending: dict[str, Json] = state["pending"]
    answers: dict[str, Json] = state["answers"]
    result = None
    match ctx.operation:
        case "ask":
            earlier = pending.get(given["address"], {"tickets": [], "renewed": False})
            pending[given["address"]] = {
                "until": given["until"],
                "cases": given["cases"],
                "renewed": given["renewed"] or earlier["renewed"],
                "tickets": [*earlier["tickets"], given["ticket"]],
            }
        case "take":
            result = {"answer": answers.pop(given["ticket"], None), "pending": pending}
        case "written":
            _hand_out(pending, answers, given)
    ctx.set_state({"pending": pending, "answers": answers} if pending or answers else None)
    return result


def _hand_out(pending: dict[str, Json], answers: dict[str, Json], given: Json) -> None:
    for ticket in [name for name, one in answers.items() if one["at"] < given["forget_before"]]:
        del answers[ticket]
    for target, answer in given["answers"].items():
        for ticket in pending.pop(target, {"tickets": []})["tickets"]:
            if ticket != given["ticket"]:
                answers[ticket] = answer | {"at": given["at"]}
