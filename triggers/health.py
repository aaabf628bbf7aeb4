"""Whether the app is up and, for those who run it, what is configured."""

import azure.durable_functions as df
import azure.functions as func

from shared.bootstrap import get_providers
from shared.policy import get_policy
from shared.settings import get_settings
from triggers.answers import json_answer
from triggers.breaker import read_breaker
from triggers.guard import guarded
from triggers.identity import has_automation_key, is_approver

blueprint = df.Blueprint()


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
    return json_answer(
        {
            "status": "ok",
            "mode": get_policy().mode,
            "configured": configured,
            "automatic_containment": await read_breaker(client),
        }
    )
