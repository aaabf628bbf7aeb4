"""In which directory a case acts, what cannot be done there, and when a person has to say where."""

from collections.abc import Sequence

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.directory import ENTRA, OKTA
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.containment import NOT_IN_OKTA
from shared.playbook.planning.plan import hold_plan
from shared.playbook.sign_ins.models import SignInAnalysis


def directory_of_case(case: CaseRequest, blocks: dict[str, Json]) -> str:
    """Return the directory that enrichment found; else the one that the alert points to."""
    pointed = case.account.directory if case.account else None
    found: str | None = blocks[BlockName.USER]["details"].get("directory")
    return found or pointed or ENTRA


def missing_in(directory: str) -> frozenset[ActionName]:
    """Return the actions that a directory has no means for."""
    return NOT_IN_OKTA if directory == OKTA else frozenset()


def hold_if_elsewhere(
    plan: Sequence[PlannedAction],
    case: CaseRequest,
    blocks: dict[str, Json],
    analysis: SignInAnalysis | None,
) -> list[PlannedAction]:
    """Return the plan, with nothing automatic when the attack is in another directory's log.

    Only where the account is in that directory too and no alert pointed to either: a federated
    sign-in shows in both logs.
    """
    acts_in, login = directory_of_case(case, blocks), None
    if analysis and not (case.account and case.account.directory):
        login = analysis.successful_login_details
    twins = blocks[BlockName.USER]["details"].get("also_in") or []
    where = login.directory if login else None
    if where == acts_in or not any(twin["directory"] == where for twin in twins):
        return list(plan)
    return hold_plan(
        plan,
        f"the suspicious sign-in is in the log of {where}, and the case acts in {acts_in}: a "
        "person decides where to contain",
    )
