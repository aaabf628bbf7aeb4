"""Stories of containment that begins before everything was gathered."""

from shared.models.plan import ActionName
from tests.replay.block_stories import CASE_ID
from tests.support.durable_backend import Engine, Run
from tests.support.early import early_scripts, planned
from tests.support.scripts import SOON, case_payload, default_scripts

RULES = ActionName.DISABLE_INBOX_RULES


def begun_early(engine: Engine) -> Run:
    """A case that contains while its hunts are running, and does what they find as well."""
    scripts = early_scripts(decide_response=planned(RULES))
    run = engine.case(default_scripts() | scripts, CASE_ID)
    run.start("respond", case_payload(timing=SOON))
    return run


EARLY = (("respond", "begun-early", begun_early),)
"""Orchestrator, name and story."""
