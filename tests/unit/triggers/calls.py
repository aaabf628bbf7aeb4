"""Calling an app's functions without a host."""

import base64
import inspect
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import grpc

from shared.case_links import Purpose, Use, csrf_token, sign
from shared.models.base import Json

LINK_KEY = "the secret of signed links"
AUTOMATION_KEY = "the secret of an automation"
BY_KEY = {"x-functions-key": AUTOMATION_KEY}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
ROLE = "Tourniquet.Approver"
_CLAIM = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
CASE_ID = "case-0123456789abcdef01234567"


def handler(builder: Any) -> Callable[..., Any]:
    """Return the function that was decorated, as it was written."""
    function: Callable[..., Any] = inspect.unwrap(builder._function.get_user_function())
    return function


def request(
    method: str = "POST",
    body: object = None,
    *,
    case_id: str = CASE_ID,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
    **params: str,
) -> func.HttpRequest:
    """Return a request; ``body`` is sent as JSON, ``raw`` as it is."""
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    return func.HttpRequest(
        method=method,
        url="https://soc.example/api/x",
        headers=headers or {},
        params=params,
        route_params={"case_id": case_id},
        body=content,
    )


def event(data: Any) -> func.EventGridEvent:
    """Return an event of Event Grid with this data."""
    return func.EventGridEvent(
        id="1",
        data=data,
        topic="/t",
        subject="s",
        event_type="Tourniquet.SecurityEvent",
        event_time=None,
        data_version="1",
    )


def token(
    purpose: Purpose,
    case_id: str = CASE_ID,
    *,
    seconds: int = 60,
    question: int = 1,
    run: str = "",
    use: Use = Use.LINK,
) -> str:
    """Return the token of a link as the app signs it."""
    until = int(time.time()) + seconds
    return sign(LINK_KEY, case_id, purpose, until, question=question, run=run, use=use)


def session(purpose: Purpose, case_id: str = CASE_ID, **more: int) -> tuple[dict[str, str], str]:
    """Return the cookie header of a browser that opened a link, and the mark of its forms."""
    value = sign(
        LINK_KEY,
        case_id,
        purpose,
        int(time.time()) + more.get("seconds", 60),
        question=more.get("question", 1),
        use=Use.SESSION,
    )
    cookie = f"other=1; tourniquet-{purpose}={value}; AppServiceAuthSession=x"
    return {"cookie": cookie}, csrf_token(LINK_KEY, value)


def person(
    name: str = "kim@contoso.com",
    *,
    object_id: str = "11111111-0000-4000-8000-000000000001",
    roles: tuple[str, ...] = (ROLE,),
    **claims: str,
) -> dict[str, str]:
    """Return the headers that App Service sets for somebody who has signed in."""
    found = [{"typ": _CLAIM, "val": object_id}]
    found += [{"typ": _ROLE, "val": role} for role in roles]
    found += [{"typ": key, "val": value} for key, value in claims.items()]
    principal = {"auth_typ": "aad", "claims": found, "name_typ": "name", "role_typ": _ROLE}
    return {
        "x-ms-client-principal-name": name,
        "x-ms-client-principal-id": object_id,
        "x-ms-client-principal-idp": "aad",
        "x-ms-client-principal": base64.b64encode(json.dumps(principal).encode()).decode(),
    }


def answer(response: func.HttpResponse) -> Any:
    """Return the JSON that was answered."""
    return json.loads(response.get_body())


def wrong_fields(response: func.HttpResponse) -> list[str]:
    """Return the fields a problem names; checks that it is one."""
    assert response.mimetype == "application/problem+json"
    body = answer(response)
    assert (body["status"], body["type"]) == (response.status_code, "about:blank")
    assert all(error["reason"] for error in body["errors"])
    return [error["field"] for error in body["errors"]]


def _instance(name: str, input: Json) -> Json:
    return {"name": name, "input": input, "created_at": datetime.now(UTC)}


class FakeClient:
    """The durable client: remembers what was started and raised.

    ``rivals``: cases that another delivery starts between our look and our start; ``ended``:
    instances that are over; ``deaf``: no event is taken for now.
    """

    def __init__(self) -> None:
        self.started: dict[str, Json] = {}
        self.events: list[tuple[str, str, Json]] = []
        self.rivals: set[str] = set()
        self.ended: set[str] = set()
        self.down = False
        self.deaf = False

    async def get_orchestration_state(self, instance_id: str, **_options: Any) -> Any:
        """Return the state of an instance, ``None`` when there is none."""
        if instance_id not in self.started:
            return None
        given = self.started[instance_id]
        status = SimpleNamespace(name="COMPLETED" if instance_id in self.ended else "RUNNING")
        return SimpleNamespace(
            get_input=lambda _kind: given["input"],
            runtime_status=status,
            created_at=given.get("created_at"),
        )

    async def schedule_new_orchestration(
        self, name: str, *, input: Json, instance_id: str = "generated"
    ) -> str:
        """Start an instance; refuses an id that is there, as the engine does."""
        if self.down:
            raise grpc.RpcError("UNAVAILABLE")
        if instance_id in self.rivals:
            self.started[instance_id] = _instance(name, input)
        if instance_id in self.started:
            raise grpc.RpcError("ALREADY_EXISTS")
        self.started[instance_id] = _instance(name, input)
        return instance_id

    async def get_entity(self, _entity: object) -> None:
        """Return an entity's state; none has any."""

    async def signal_entity(self, entity: object, operation: str, given: Json) -> None:
        """Remember what an entity was told, as an event of it."""
        self.events.append((str(entity), operation, given))

    async def raise_orchestration_event(
        self, instance_id: str, event_name: str, *, data: Json
    ) -> None:
        """Remember an event; an instance that is over takes none, as the engine has it."""
        if self.deaf:
            raise grpc.RpcError("UNAVAILABLE")
        if instance_id in self.ended:
            raise grpc.RpcError("FAILED_PRECONDITION")
        self.events.append((instance_id, event_name, data))
