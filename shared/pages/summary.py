"""The case in three sentences: what happened, how sure and what was done, what is left."""

from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.choices import ACTION_WORDS
from shared.models.next_step import StepKind
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.pages.answer import attack_address, who
from shared.pages.text import duration, when

_WITHOUT = {
    "not_required": ", without being asked for a second factor",
    "satisfied_by_claim": ", with a second factor that an earlier login had given",
    "satisfied": ", with a second factor",
}


def summary(case: CaseRecord) -> list[str]:
    """Return three sentences; what is not known is left out or said to be unknown."""
    return [_happened(case), _answered(case), _left(case)]


def _happened(case: CaseRecord) -> str:
    login = _outputs(case, BlockName.SIGN_INS)
    success: Json = login.get("successful_login_details") or {}
    address = attack_address(case)
    origin = f" from {address}" if address else ""
    place = ", ".join(
        str(part)
        for name in ("geo_city", "geo_country")
        if (part := _outputs(case, BlockName.ADDRESS).get(name))
    )
    origin += f" ({place})" if origin and place else ""
    count = login.get("failed_logins_count") or 0
    guesses = f"{count} failed {'login' if count == 1 else 'logins'}" if count else ""
    if success:
        factor = _WITHOUT.get(str(login.get("mfa_result_successful_login")), "")
        entered = f"somebody signed in as {who(case)} on {when(success.get('time'))}"
        if guesses:
            return f"After {guesses}{origin}, {entered}{factor}."
        return f"{entered[0].upper()}{entered[1:]}{origin}{factor}."
    if guesses:
        return f"There were {guesses} on {who(case)}{origin}; no successful one is known."
    title = str(case.incident.get("title") or "An incident without a title").rstrip(".")
    return f"{title}: no login of the attack on {who(case)} is known."


def _answered(case: CaseRecord) -> str:
    if case.verdict is None:
        return "The facts are still being weighed, and nothing has been changed."
    verdict = case.verdict
    sure = f"Confidence in a compromise is {verdict.compromise_confidence_score}"
    sure += f" ({verdict.score} of 100)"
    done = [one for one in case.actions if one.status is ActionStatus.SUCCEEDED and not one.undone]
    denied = [one for one in done if one.verified is False]
    done = [one for one in done if one.verified is not False]
    refused = f"; {_count(denied)} accepted and NOT in force when read back" if denied else ""
    if not done:
        return f"{sure}, and nothing that was done is in force{refused}."
    proved = sum(one.verified is True for one in done)
    number = f"{_count(done)} done"
    number += f", {proved} of them verified" if proved < len(done) else " and verified"
    return f"{sure}; {_ordered(case)}{number}{_within(case, done)}{refused}."


def _count(actions: list[ActionOutcome]) -> str:
    return f"{len(actions)} {'action was' if len(actions) == 1 else 'actions were'}"


def _ordered(case: CaseRecord) -> str:
    """Say who wanted it: a person, or the policy by itself."""
    decision = case.decision
    if decision is None:
        return "by the policy, without a person, "
    if decision.channel == "deadline":
        return "as nobody answered, by the policy, "
    second = f" and {decision.confirmed_by}" if decision.confirmed_by else ""
    return f"as {decision.decided_by}{second} decided, "


def _within(case: CaseRecord, done: list[ActionOutcome]) -> str:
    detected = case.sla.get("detected_at")
    if not detected:
        return ""
    seconds = (max(one.at for one in done) - parse_utc(detected)).total_seconds()
    return f" within {duration(seconds)} of the detection" if seconds >= 0 else ""


def _left(case: CaseRecord) -> str:
    tasks = [step for step in case.hand_over if step.kind is StepKind.TASK]
    failed = [ACTION_WORDS[one.action] for one in case.actions if one.status is ActionStatus.FAILED]
    kept = len((_details(case, BlockName.EVIDENCE)).get("items") or [])
    evidence = f"{kept} items of evidence are kept" if kept else "no evidence is kept yet"
    if failed:
        return f"{', '.join(failed)} failed and has to be done by hand; {evidence}."
    if tasks:
        number = "1 task is" if len(tasks) == 1 else f"{len(tasks)} tasks are"
        return f"{number} open for people, below; {evidence}."
    return f"No task is open for people, only recommendations; {evidence}."


def _outputs(case: CaseRecord, name: BlockName) -> Json:
    block = case.blocks.get(name)
    return block.outputs if block else {}


def _details(case: CaseRecord, name: BlockName) -> Json:
    block = case.blocks.get(name)
    return block.details if block else {}
