"""Who uses a route that the host protects by a function key: the key alone is nobody.

Everybody who sends incidents has such a key. Where people sign in, somebody who is signed in and
whom the policy names is needed, or the automation key. Elsewhere nobody can prove who it is: then
whoever calls has to say it, and the record says that it was said and not proved.
"""

from typing import Annotated

import azure.functions as func
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.playbook.intake.fields import FieldError, InvalidBody, one_line
from shared.settings import Settings
from triggers.identity import AUTOMATION, Caller, Refusal, has_automation_key, no_approver
from triggers.principal import Person, is_sign_in_on, signed_in

LONGEST_NAME = 100
NOT_PROVED = "named, not proved"


def _name(value: str) -> str:
    return one_line(value, LONGEST_NAME)


class NamedBody(BaseModel):
    """What says who calls, where nothing proves it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    by: Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_name)] = ""
    """Who it is, by their own account: a person's name, or a program's with the automation key."""


def by_function_key(request: func.HttpRequest, settings: Settings) -> Caller | Refusal:
    """Return who calls; without a name where the body has to say it (``name_caller``)."""
    if has_automation_key(request, settings):
        return Caller(AUTOMATION)
    person = signed_in(request)
    if person is not None:
        return _approver(person)
    if not is_sign_in_on():
        return Caller("")
    return Refusal(
        401,
        "Sign in, or send the automation key",
        "The function key does not say who asks, and the record has to. Nothing was changed.",
        "a function key without a sign-in",
    )


def by_person(request: func.HttpRequest, settings: Settings) -> Caller | Refusal:
    """Return the person who calls, for what no program does; named by the body as above.

    Where nobody signs in no key tells a person from a program: then who calls is only named.
    """
    if not is_sign_in_on():
        return Caller("")
    person = signed_in(request)
    if person is not None:
        return _approver(person)
    program = has_automation_key(request, settings)
    return Refusal(
        403 if program else 401,
        "This takes a person",
        "A key says nothing of who asks, the automation key is a program's, and people sign in "
        "here: an approver who is signed in does this. Nothing was changed.",
        "a key where a person is needed",
    )


def _approver(person: Person) -> Caller | Refusal:
    return no_approver(person) or Caller(person.name, person)


def name_caller(caller: Caller, said: NamedBody) -> str:
    """Return what the record says about who it was.

    Raises:
        InvalidBody: nobody is named; or somebody who is signed in names another.
    """
    if caller.person is not None and said.by not in ("", caller.name):
        raise _wrong("is taken from the sign-in; leave it out")
    if caller.name == AUTOMATION and said.by:
        return f"{said.by} ({AUTOMATION})"
    if caller.name:
        return caller.name
    if not said.by:
        raise _wrong("is missing: say who you are, as nobody signs in here")
    return f"{said.by} ({NOT_PROVED})"


def _wrong(reason: str) -> InvalidBody:
    return InvalidBody([FieldError(field="by", reason=reason)])
