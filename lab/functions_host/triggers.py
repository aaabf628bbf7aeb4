"""Inputs of an invocation: the trigger's value, and the bindings that the host fills in itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab.functions_host.metadata import DURABLE_CLIENT, Function
from lab.functions_host.wire import WireValue, text

_WEBHOOK = "/runtime/webhooks/durabletask"
_MAX_MESSAGE = 2_147_483_647


class Bindings:
    """Builds what a function is called with."""

    def __init__(self, hub_name: str, engine_address: str, base_url: str, system_key: str) -> None:
        self._client = json.dumps(
            durable_client(hub_name, engine_address, base_url.rstrip("/"), system_key)
        )

    def inputs(self, function: Function, trigger_value: WireValue) -> Mapping[str, WireValue]:
        """The function's arguments by name.

        Raises:
            ValueError: The function needs an input binding that this host does not offer.
        """
        trigger = function.trigger
        values = {trigger.name: trigger_value}
        for binding in function.bindings:
            if binding.type == DURABLE_CLIENT:
                values[binding.name] = text(self._client)
            elif binding.name != trigger.name and binding.direction.upper() == "IN":
                raise ValueError(f"{function.name}: binding {binding.type} is not offered here")
        return values


def durable_client(
    hub_name: str, engine_address: str, base_url: str, system_key: str
) -> dict[str, Any]:
    """The durable client binding's configuration in the extension's field names."""
    root = f"{base_url}{_WEBHOOK}"
    keys = f"taskHub={hub_name}&connection=Storage&code={system_key}"
    instance = f"{root}/instances/INSTANCEID"
    return {
        "taskHubName": hub_name,
        "connectionName": "Storage",
        "creationUrls": {
            "createNewInstancePostUri": (
                f"{root}/orchestrators/{{functionName}}[/{{instanceId}}]?code={system_key}"
            ),
        },
        "managementUrls": management_urls(instance, keys),
        "baseUrl": root,
        "requiredQueryStringParameters": f"code={system_key}",
        "rpcBaseUrl": f"http://{engine_address}",
        "httpBaseUrl": root,
        "maxGrpcMessageSizeInBytes": _MAX_MESSAGE,
        "grpcHttpClientTimeout": "00:01:40",
    }


def management_urls(instance: str, keys: str, instance_id: str = "INSTANCEID") -> dict[str, str]:
    """The management links of one instance, whose own URL is `instance`."""
    return {
        "id": instance_id,
        "statusQueryGetUri": f"{instance}?{keys}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{keys}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{keys}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}&{keys}",
        "purgeHistoryDeleteUri": f"{instance}?{keys}",
        "restartPostUri": f"{instance}/restart?{keys}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{keys}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{keys}",
    }
