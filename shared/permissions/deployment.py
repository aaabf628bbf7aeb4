"""Azure roles that the deployment needs beside those of the app's own calls.

``infra/`` gives these and the roles of ``azure.py``, and no other, which tests make sure of.
Source of names and ids: Azure built-in roles
(learn.microsoft.com/azure/role-based-access-control/built-in-roles).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Holder(StrEnum):
    """Who holds a role."""

    APP = "the app's identity"
    RELAY = "the relay's identity"
    TOPIC = "the Event Grid topic"
    SENTINEL = 'Microsoft\'s "Azure Security Insights"'
    DEPLOYER = "who deploys"
    PUBLISHER = "who publishes security events"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One role for one holder.

    Attributes:
        holder: who holds it.
        purpose: what for, as people say it.
        role: the built-in role's name, or the one action of a custom role.
        role_id: the built-in role's id; ``None`` for a custom role.
        scope: where it is assigned.
        only_with: what must be chosen for it to be given; empty: always given.
    """

    holder: Holder
    purpose: str
    role: str
    role_id: str | None
    scope: str
    only_with: str = ""


_app = partial(Grant, holder=Holder.APP)

GRANTS: tuple[Grant, ...] = (
    _app(
        purpose="Deployed package, locks and large messages of the host",
        role="Storage Blob Data Owner",
        role_id="b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        scope="the host's storage account",
    ),
    _app(
        purpose="Work items of the durable engine",
        role="Storage Queue Data Contributor",
        role_id="974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        scope="the host's storage account",
    ),
    _app(
        purpose="History of the durable engine",
        role="Storage Table Data Contributor",
        role_id="0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        scope="the host's storage account",
    ),
    _app(
        purpose="The durable engine, where it is the Durable Task Scheduler",
        role="Durable Task Data Contributor",
        role_id="0ad04412-c4d5-4796-b79c-f76d14c8d402",
        scope="the task hub",
        only_with="`DURABLE_BACKEND=azureManaged`",
    ),
    _app(
        purpose="Telemetry",
        role="Monitoring Metrics Publisher",
        role_id="3913510d-42f4-4e42-8a64-420c390055eb",
        scope="Application Insights",
    ),
    _app(
        purpose="Secrets",
        role="Key Vault Secrets User",
        role_id="4633458b-17de-408a-b874-0445c86b69e6",
        scope="the vault",
    ),
    Grant(
        holder=Holder.RELAY,
        purpose="Take incidents, and say on one that it was not handed over",
        role="Microsoft Sentinel Responder",
        role_id="3e150937-b8fe-4cfb-8069-0eaf05ecd056",
        scope="the workspace",
    ),
    Grant(
        holder=Holder.RELAY,
        purpose="The key of the function that takes incidents, read for each one and never stored",
        role="Microsoft.Web/sites/functions/listkeys/action",
        role_id=None,
        scope="the app",
    ),
    Grant(
        holder=Holder.TOPIC,
        purpose="Keep events that could not be delivered",
        role="Storage Blob Data Contributor",
        role_id="ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        scope="the container for undelivered events",
    ),
    Grant(
        holder=Holder.PUBLISHER,
        purpose="Publish security events",
        role="EventGrid Data Sender",
        role_id="d5a91429-5739-47e2-a06b-3470a27159e7",
        scope="the Event Grid topic",
        only_with="`EVENT_PUBLISHER_IDS`",
    ),
    Grant(
        holder=Holder.SENTINEL,
        purpose="Run the relay for an incident",
        role="Microsoft Sentinel Automation Contributor",
        role_id="f4c81013-99ee-4d62-a7ee-b3f1f648599a",
        scope="the resource group",
    ),
    Grant(
        holder=Holder.DEPLOYER,
        purpose="Set secrets",
        role="Key Vault Secrets Officer",
        role_id="b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        scope="the vault",
    ),
)
