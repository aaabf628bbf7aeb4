"""Stories of containment that begins before everything was gathered."""

from shared.models.plan import ActionName
from tests.replay.block_stories import CASE_ID
from tests.support.durable_backend import Engine, Run
from tests.support.early import BOTH, early_scripts, planned
from tests.support.scripts import OBJECT_ID, SOON, case_payload, default_scripts, plan_line

RULES = ActionName.DISABLE_INBOX_RULES


def begun_early(engine: Engine) -> Run:
    """A case that contains while its hunts are running, and does what they find as well."""
    scripts = early_scripts(decide_response=planned(RULES))
    run = engine.case(default_scripts() | scripts, CASE_ID)
    run.start("respond", case_payload(timing=SOON))
    return run


def _contain(engine: Engine) -> Run:
    run = engine.case(default_scripts(), CASE_ID)
    run.start(
        "contain",
        {
            "account_key": "a" * 32,
            "object_id": OBJECT_ID,
            "actions": [line.to_json() for line in BOTH],
            "early": True,
        },
    )
    return run


def told_the_rest(engine: Engine) -> Run:
    """A containment that is told what else there is to do."""
    run = _contain(engine)
    run.wait_for_call("revoke_sessions")
    run.tell("Rest", {"actions": [plan_line(RULES).to_json()], "asking": False})
    return run


def told_nothing(engine: Engine) -> Run:
    """A containment whose case has broken off."""
    return _contain(engine)


EARLY = (
    ("respond", "begun-early", begun_early),
    ("contain", "told-the-rest", told_the_rest),
    ("contain", "told-nothing", told_nothing),
)
"""Orchestrator, name and story."""
