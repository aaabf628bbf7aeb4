"""A connection to the durable engine: the task hub service of durabletask's protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import durabletask.internal.helpers as helpers
import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc

# The default of 4 MiB is less than the history of a long case.
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def open_hub(address: str) -> tuple[grpc.aio.Channel, Any]:
    """Return a channel to the engine and the service stub on it, for the running event loop."""
    channel = grpc.aio.insecure_channel(
        address, options=[*UNLIMITED, ("grpc.enable_http_proxy", 0)]
    )
    return channel, generated("TaskHubSidecarServiceStub")(channel)


def generated(name: str) -> Callable[..., Any]:
    """A name of the generated service code, which has no types."""
    found: Callable[..., Any] = getattr(stubs, name)
    return found


def as_entity_batch(
    request: pb.EntityRequest,
) -> tuple[pb.EntityBatchRequest, list[pb.OperationInfo]]:
    """Turn a V2 entity request into the batch form that workers take, and where answers go."""
    return helpers.convert_to_entity_batch_request(request)
