"""Step 1: gather what is known, everything at once."""

from dataclasses import dataclass, field
from datetime import timedelta

from durabletask import task

from orchestrators.flow import Retry, Settled, Steps, attempt, case_activity, settle
from orchestrators.names import Activity
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.playbook.sign_ins.late_logs import waits

MAX_ADDRESSES = 20
"""Addresses looked up per case; the others are named in the block's notes."""


@dataclass
class Gathered:
    """What gathering brought: one entry per block, the account's facts, the incident's context."""

    blocks: dict[str, Json] = field(default_factory=dict)
    context: Json = field(default_factory=dict)


def gather(ctx: task.OrchestrationContext, case: CaseRequest) -> Steps[Gathered]:
    """Run the four gathering blocks and the case context in parallel; never fails."""
    request = case.to_reader()
    calls: dict[str, task.Task[Json]] = {}
    if case.account:
        calls[BlockName.USER] = _read(ctx, Activity.ENRICH_USER, {"case": request})
        calls[BlockName.SIGN_INS] = _read(ctx, Activity.ANALYSE_SIGN_INS, {"case": request})
        calls[BlockName.ACTIVITY] = _read(ctx, Activity.ANALYSE_ACTIVITY, {"case": request})
    if case.incident.source != "manual":
        calls["context"] = _read(ctx, Activity.GET_CASE_CONTEXT, {"case": request})
    asked = case.addresses[:MAX_ADDRESSES]
    checks = [_check(ctx, case, address) for address in asked]
    sign_ins = yield from _ask_until_logged(ctx, case, calls.pop(BlockName.SIGN_INS, None))
    done = yield from settle([*calls.values(), *checks])
    results = dict(zip(calls, done, strict=False)) | sign_ins

    gathered = Gathered(context=(results["context"].result or {}) if "context" in results else {})
    for name in (BlockName.USER, BlockName.SIGN_INS, BlockName.ACTIVITY):
        gathered.blocks[name] = _block_or_gap(name, case, results.get(name))
    suspicious = _suspicious_address(gathered.blocks[BlockName.SIGN_INS])
    answers = dict(zip(asked, done[len(calls) :], strict=True))
    if suspicious and suspicious not in answers:
        answers[suspicious] = (yield from settle([_check(ctx, case, suspicious)]))[0]
    gathered.blocks[BlockName.ADDRESS] = _address_block(case, suspicious, answers)
    return gathered


def _ask_until_logged(
    ctx: task.OrchestrationContext, case: CaseRequest, first: task.Task[Json] | None
) -> Steps[dict[str, Settled]]:
    """Ask the sign-in log again while it does not show the success that the alert reports.

    By timers, so that no worker waits; all other reads are under way. Whether to ask again is in
    the activity's answer, hence in history; the last answer counts.
    """
    if first is None:
        return {}
    latest = yield from attempt(first)
    waited = 0.0
    for wait in waits(case.timing.late_log_budget_seconds):
        if not latest.result or not latest.result["block"]["details"].get("awaited"):
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        waited += wait
        payload = {"case": case.to_reader(), "waited_seconds": waited}
        again = yield from attempt(_read(ctx, Activity.ANALYSE_SIGN_INS, payload))
        latest = again if again.result else latest
    return {BlockName.SIGN_INS: latest}


def _read(ctx: task.OrchestrationContext, name: Activity, payload: Json) -> task.Task[Json]:
    return case_activity(ctx, name, payload, Retry.READ)


def _check(ctx: task.OrchestrationContext, case: CaseRequest, address: str) -> task.Task[Json]:
    return _read(ctx, Activity.CHECK_ADDRESS, {"case_id": case.case_id, "address": address})


def _suspicious_address(sign_ins: Json) -> str | None:
    value = sign_ins.get("details", {}).get("suspicious_address")
    return value if isinstance(value, str) else None


def _block_or_gap(name: BlockName, case: CaseRequest, settled: Settled | None) -> Json:
    if settled and isinstance(settled.result, dict):
        block: Json = settled.result["block"]
        return block
    if settled is None:
        status, note = BlockStatus.SKIPPED, "the incident names no account"
    else:
        status, note = BlockStatus.PARTIAL, f"could not be run: {settled.error}"
    inputs = {
        BlockName.USER: ("user_id", "successful_login_ip"),
        BlockName.SIGN_INS: ("user_id", "successful_login_ip"),
        BlockName.ACTIVITY: ("user_id",),
    }[name]
    known = {
        "user_id": case.account.user_id if case.account else None,
        "successful_login_ip": case.successful_login_ip,
    }
    gap = make_block(name, status, inputs={key: known[key] for key in inputs}, notes=[note])
    return gap.block.to_json()


def _address_block(case: CaseRequest, primary: str | None, answers: dict[str, Settled]) -> Json:
    """One block for all addresses: outputs of the primary one, the others under ``details``."""
    primary = primary or case.successful_login_ip
    if not answers or primary is None:
        return make_block(
            BlockName.ADDRESS,
            BlockStatus.SKIPPED,
            inputs={"successful_login_ip": None},
            notes=["the incident names no external address"],
        ).block.to_json()
    blocks: dict[str, Json] = {}
    for address, settled in answers.items():
        if isinstance(settled.result, dict):
            blocks[address] = settled.result["block"]
        else:
            blocks[address] = make_block(
                BlockName.ADDRESS,
                BlockStatus.PARTIAL,
                inputs={"successful_login_ip": address},
                outputs={"ip_reputation_score": "unknown"},
                notes=[f"could not be looked up: {settled.error}"],
            ).block.to_json()
    main = dict(blocks[primary])
    main["details"] = main.get("details", {}) | {
        "addresses": [
            {"address": address, **block["outputs"], "status": block["status"]}
            for address, block in blocks.items()
        ]
    }
    left_out = case.addresses[MAX_ADDRESSES:]
    if left_out:
        main["notes"] = [*main["notes"], f"not looked up (limit): {', '.join(left_out)}"]
    return main
