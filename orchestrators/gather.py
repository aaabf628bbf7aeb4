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


_ABOUT_THE_ACCOUNT = {
    BlockName.USER: Activity.ENRICH_USER,
    BlockName.SIGN_INS: Activity.ANALYSE_SIGN_INS,
    BlockName.ACTIVITY: Activity.ANALYSE_ACTIVITY,
}
_CONTEXT = "context"


@dataclass
class Gathered:
    """What gathering brought: one entry per block, the account's facts, the incident's context."""

    blocks: dict[str, Json] = field(default_factory=dict)
    context: Json = field(default_factory=dict)


class Gathering:
    """The four gathering blocks and the case context, all being asked at once; never fails."""

    def __init__(self, ctx: task.OrchestrationContext, case: CaseRequest) -> None:
        self._ctx, self._case = ctx, case
        self._calls: dict[str, task.Task[Json]] = {}
        self._sign_ins: dict[str, Settled] | None = None
        request = {"case": case.to_reader()}
        if case.account:
            for name, activity in _ABOUT_THE_ACCOUNT.items():
                self._calls[name] = _read(ctx, activity, request)
        if case.incident.source != "manual":
            self._calls[_CONTEXT] = _read(ctx, Activity.GET_CASE_CONTEXT, request)
        asked = case.addresses[:MAX_ADDRESSES]
        self._checks = {address: _check(ctx, case, address) for address in asked}

    def account_and_sign_ins(self) -> Steps[dict[str, Json]]:
        """Wait for the account and its sign-ins; return every block that has answered by then.

        What is not among them was not answered, or has failed for now.
        """
        yield from self._settle_sign_ins()
        user = self._calls.get(BlockName.USER)
        if user is not None:
            yield from settle([user])
        found: dict[str, Json] = {}
        if self._sign_ins:
            found[BlockName.SIGN_INS] = self._block(BlockName.SIGN_INS, self._sign_ins)
        for name in (BlockName.USER, BlockName.ACTIVITY):
            one = self._calls.get(name)
            if one is not None and one.is_complete and not one.is_failed:
                found[name] = one.get_result()["block"]
        primary = self._suspicious() or self._case.successful_login_ip
        check = self._checks.get(primary) if primary else None
        if check is not None and check.is_complete and not check.is_failed:
            found[BlockName.ADDRESS] = check.get_result()["block"]
        return found

    @property
    def pending(self) -> list[task.Task[Json]]:
        """What has no answer yet, the sign-in log apart."""
        every = [*self._calls.values(), *self._checks.values()]
        return [one for one in every if not one.is_complete]

    def finish(self) -> Steps[Gathered]:
        """Wait for everything and return it."""
        sign_ins = yield from self._settle_sign_ins()
        done = yield from settle([*self._calls.values(), *self._checks.values()])
        results = dict(zip([*self._calls, *self._checks], done, strict=True)) | sign_ins
        gathered = Gathered()
        if _CONTEXT in self._calls:
            gathered.context = results[_CONTEXT].result or {}
        for name in (BlockName.USER, BlockName.SIGN_INS, BlockName.ACTIVITY):
            gathered.blocks[name] = self._block(name, results)
        answers = {address: results[address] for address in self._checks}
        gathered.blocks[BlockName.ADDRESS] = _address_block(self._case, self._suspicious(), answers)
        return gathered

    def _block(self, name: BlockName, results: dict[str, Settled]) -> Json:
        return _block_or_gap(name, self._case, results.get(name))

    def _suspicious(self) -> str | None:
        return _suspicious_address(self._block(BlockName.SIGN_INS, self._sign_ins or {}))

    def _settle_sign_ins(self) -> Steps[dict[str, Settled]]:
        """Wait for the sign-in log, then ask about the address that it shows, if nobody has."""
        if self._sign_ins is None:
            first = self._calls.pop(BlockName.SIGN_INS, None)
            self._sign_ins = yield from _ask_until_logged(self._ctx, self._case, first)
            address = self._suspicious()
            if address and address not in self._checks:
                self._checks[address] = _check(self._ctx, self._case, address)
        return self._sign_ins


def gather(ctx: task.OrchestrationContext, case: CaseRequest) -> Steps[Gathered]:
    """Run the four gathering blocks and the case context in parallel; never fails."""
    return (yield from Gathering(ctx, case).finish())


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
