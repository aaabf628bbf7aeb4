"""That no secret gets into a history: what an activity raises is kept there as text."""

import functools
import traceback
from collections.abc import Awaitable, Callable

from shared.errors import TourniquetError
from shared.redaction import redact


class HiddenError(Exception):
    """An unexpected failure whose text quoted a secret; the text without it is kept."""


def keeps_secrets[**P, R](activity: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Let an activity raise what it raises, but never with a secret in its words or its cause's.

    One of our errors stays what it is: whether to try again is decided by its type.
    """

    @functools.wraps(activity)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await activity(*args, **kwargs)
        except Exception as error:
            whole = "".join(traceback.format_exception(error))
            if redact(whole) == whole:
                raise
            if isinstance(error, TourniquetError):
                error.args = tuple(redact(str(one)) for one in error.args)
                raise error from None
            raise HiddenError(f"{type(error).__name__}: {redact(str(error))}") from None

    return run
