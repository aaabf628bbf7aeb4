"""Whether the app is up and, for those who run it, what is configured and what answers."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

from shared.bootstrap import get_providers
from shared.call_measurements import outcome_of
from shared.dependency_states import memory
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.dependency import FAILING, WORKING, Seen, latest
from shared.policy import get_policy
from shared.settings import get_settings
from triggers.answers import json_answer
from triggers.breaker import read_breaker
from triggers.guard import guarded
from triggers.identity import has_automation_key, is_approver

blueprint = df.Blueprint()

STORE_SECONDS = 5
"""How long the answer waits for storage: whoever asks wants to know now."""


@blueprint.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
@guarded
async def health(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Say that the app runs; its mode, what is configured and whether it is paused to its people.

    That containment is paused, or a part missing, is worth knowing to an attacker. Approvers and
    whoever has the automation key get it, with who reset the breaker last and why.
    """
    if not (has_automation_key(req, get_settings()) or is_approver(req)):
        return json_answer({"status": "ok"})
    providers = get_providers()
    configured = {
        "directory": providers.directory is not None,
        "sign_in_log": providers.sign_in_log is not None,
        "siem": providers.siem is not None,
        "reputation": len(providers.reputation) > 0,
        "location": providers.geo is not None,
        "firewall": len(providers.firewalls) > 0,
        "endpoint": providers.endpoint is not None,
        "evidence": providers.evidence is not None,
        "cases": providers.cases is not None,
        "ticketing": len(providers.ticketing) > 0,
        "notification": len(providers.notifiers) > 0,
    }
    breaker, dependencies = await asyncio.gather(read_breaker(client), _dependencies())
    dependencies["task_hub"] = {"state": WORKING if breaker is not None else FAILING}
    failing = any(one["state"] == FAILING for one in dependencies.values())
    return json_answer(
        {
            "status": "degraded" if failing else "ok",
            "mode": get_policy().mode,
            "configured": configured,
            "automatic_containment": breaker,
            "dependencies": dependencies,
        }
    )


async def _dependencies() -> dict[str, Json]:
    """Return how each vendor answered last; storage and vault are looked at now.

    A vendor that no case has called yet is not listed: nothing is known of it.
    """
    store = get_providers().dependency_states
    stored: dict[str, Seen] = {}
    now: dict[str, Json] = {}
    if store is not None:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                stored = await store.read()
            now["blob"] = {"state": WORKING}
        except TimeoutError:
            now["blob"] = {"state": FAILING, "error": "retryable"}
        except TourniquetError as error:
            now["blob"] = {"state": FAILING, "error": outcome_of(error)}
    if unread := get_settings().unread_secrets():
        now["key_vault"] = {"state": FAILING, "settings": unread}
    seen = {name: one.to_json() for name, one in latest(stored, memory.seen()).items()}
    return seen | {name: seen.get(name, {}) | one for name, one in now.items()}
