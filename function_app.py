"""Composition root: builds the app and registers what triggers, orchestrators, activities offer."""

import azure.durable_functions as df
import azure.functions as func

from activities import registry as activities
from activities.secrecy import keeps_secrets
from orchestrators import registry as orchestrators
from shared.log_hygiene import protect_logs
from shared.policy import get_policy
from shared.telemetry import configure_logging
from shared.telemetry_export import configure_export
from shared.warm_up import warm_up_in_background
from triggers import (
    access_pass,
    blocks,
    breaker,
    cases,
    decisions,
    evidence,
    handling,
    health,
    intake,
    slack,
    undo,
)

protect_logs()
configure_logging()
configure_export()
# A wrong policy stops the app here, with file, line and reason, before it could act on a guess.
get_policy()
app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

CASES = (cases, decisions, handling, undo, access_pass, blocks, evidence)
for trigger in (intake, *CASES, breaker, slack, health):
    app.register_functions(trigger.blueprint)
for orchestrator in orchestrators.ORCHESTRATORS:
    app.orchestration_trigger(context_name="context")(orchestrator)
for activity in activities.ACTIVITIES:
    app.activity_trigger(input_name="payload")(keeps_secrets(activity))
for entity in orchestrators.ENTITIES:
    app.entity_trigger(context_name="context")(entity)

warm_up_in_background()
