"""What every route does: it answers whatever happens, with headers that give nothing away.

An engine or a store that does not answer is 503, a mistake of ours 500 without a word about its
inside; the log has the rest.
"""

import functools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import grpc

from shared.errors import TourniquetError
from shared.playbook.intake.fields import InvalidBody
from shared.settings import get_settings
from triggers.answers import problem, problem_for_people, security_headers
from triggers.identity import has_automation_key
from triggers.rate_limit import LIMITS, Limits

_log = logging.getLogger("tourniquet.triggers")

type Handler[**P] = Callable[P, Awaitable[func.HttpResponse]]


def guarded[**P](handler: Handler[P]) -> Handler[P]:
    """Let a route answer every request with a response, and every response carry our headers."""

    @functools.wraps(handler)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        req = _request_of(args, kwargs)
        return _with_headers(_not_plain(req) or await _answered(req, handler(*args, **kwargs)))

    return answer


def limited[**P](handler: Handler[P], limits: Limits = LIMITS) -> Handler[P]:
    """Let a route that anybody can reach refuse who asks too often (429), before it does any work.

    The automation key is not counted: a program may answer a thousand cases in a minute.
    """

    @functools.wraps(handler)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        req = _request_of(args, kwargs)
        settings = get_settings()
        if not has_automation_key(req, settings):
            wait = limits.seconds_to_wait(req, settings, now=time.monotonic())
            if wait:
                return _too_often(req, wait)
        return await handler(*args, **kwargs)

    return answer


def _request_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> func.HttpRequest:
    """Return the request; the worker passes it by its name."""
    request: func.HttpRequest = kwargs["req"] if "req" in kwargs else args[0]
    return request


def _too_often(req: func.HttpRequest, seconds: int) -> func.HttpResponse:
    _log.warning("a request was refused: too many from its link, person or address")
    detail = f"Nothing was changed. Ask again in {seconds} seconds."
    response = problem_for_people(req, 429, "Too many requests", detail=detail)
    response.headers["Retry-After"] = str(seconds)
    return response


def _not_plain(req: func.HttpRequest) -> func.HttpResponse | None:
    """Refuse a compressed body: nobody who sends us anything compresses it."""
    coding = req.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return None
    return problem(415, "Send the body as it is", detail="Compressed bodies are not read.")


async def _answered(
    req: func.HttpRequest, answering: Awaitable[func.HttpResponse]
) -> func.HttpResponse:
    try:
        return await answering
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    except (grpc.RpcError, TourniquetError) as error:
        ours = isinstance(error, TourniquetError)
        why = str(error) if ours else f"the engine did not answer ({type(error).__name__})"
        _log.warning("a request is not answered: %s", why)
        response = problem_for_people(
            req, 503, "A part of the app does not answer", detail="Try again in a minute."
        )
        response.headers["Retry-After"] = "30"
        return response
    except Exception as error:
        _log.error("a request failed", exc_info=error)
        return problem(500, "The app failed", detail="The reason is in its log.")


def _with_headers(response: func.HttpResponse) -> func.HttpResponse:
    sent: Any = response.headers
    for name, value in security_headers().items():
        sent.setdefault(name, value)
    return response
