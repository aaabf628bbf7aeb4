"""Plain-Python stand-in for the Functions worker protocol messages.

`azure-functions-runtime`, the real Python worker library, takes its message classes from its caller
(in Azure: the generated code of `FunctionRpc.proto`) and only builds them, reads their fields and
asks `WhichOneof`. This module offers the classes it uses, under their protocol names, so that the
library runs unchanged. Names and numbers: `azure-functions-language-worker-protobuf`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class TypedData:
    """The protocol's `oneof` for a binding's value: at most one named field is set."""

    def __init__(self, **field: Any) -> None:
        if len(field) > 1:
            raise ValueError("TypedData holds one field")
        self._kind: str | None = next(iter(field), None)
        self._value: Any = field.get(self._kind or "")

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - the protobuf spelling
        """Return the name of the field that is set, `None` when the message is empty."""
        return self._kind

    @property
    def value(self) -> Any:
        """The set field's value, `None` when the message is empty."""
        return self._value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name != self._kind:
            raise AttributeError(name)
        return self._value


class ParameterBinding(SimpleNamespace):
    """One named argument or output of an invocation."""

    def WhichOneof(self, group: str) -> str:  # noqa: N802 - the protobuf spelling
        """Return `data`: shared memory, the other alternative, is not offered."""
        return "data"


# The enum members keep the protocol's spelling: the worker library reads them by these names.
class BindingInfo(SimpleNamespace):
    """A binding as the worker declares it; the enum members are the protocol's numbers."""

    inout = 2
    out = 1
    undefined = 0


class StatusResult(SimpleNamespace):
    """Outcome of a request to the worker."""

    Failure = 0
    Success = 1


class RpcException(SimpleNamespace):
    """An exception of the app: `message` is "TypeName: text"."""


class RpcHttp(SimpleNamespace):
    """An HTTP request or response."""


class _SameSite:
    Lax = 1
    Strict = 2
    ExplicitNone = 3


setattr(_SameSite, "None", 0)


class RpcHttpCookie(SimpleNamespace):
    """A cookie that the app sets; nullable members are `Nullable*` or `None`."""

    SameSite = _SameSite


class RpcFunctionMetadata(SimpleNamespace):
    """An indexed function."""


class RpcRetryOptions(SimpleNamespace):
    """A function's retry policy."""


class NullableString(SimpleNamespace):
    """Wrapper with `value`."""


class NullableBool(SimpleNamespace):
    """Wrapper with `value`."""


class NullableDouble(SimpleNamespace):
    """Wrapper with `value`."""


class NullableTimestamp(SimpleNamespace):
    """Wrapper with `value`, a protobuf timestamp."""


class WorkerMetadata(SimpleNamespace):
    """What runs the app."""


class WorkerInitResponse(SimpleNamespace):
    """Answer to `worker_init_request`."""


class FunctionMetadataResponse(SimpleNamespace):
    """Answer to `functions_metadata_request`."""


class InvocationResponse(SimpleNamespace):
    """Answer to `invocation_request`."""

    return_value: TypedData | None = None
    output_data: tuple[ParameterBinding, ...] = ()
