"""Blocks on firewalls: what is wanted of one, what it answers, what a person orders."""

import hashlib
from typing import Annotated

from pydantic import Field, model_validator

from shared.models.base import Model, UtcDatetime

LONGEST_BLOCK_HOURS = 24 * 90
"""The longest a block may be asked for at once; it can be extended again."""


class WantedBlock(Model):
    """An address that is to be blocked, and until when if nobody lifts or extends it."""

    address: str
    until: UtcDatetime
    cases: list[str] = Field(default_factory=list)
    """The cases that hold it."""
    renewed: bool = False
    """It may have been written before with another time: a firewall that lets go by itself has to
    be told the new one."""


class BlockAnswer(Model):
    """What a firewall made of one address of a change; ``refused`` is ``None`` when it took it."""

    rule_id: str = ""
    """Where the block lives, for example the IP group's resource id."""
    refused: str | None = None
    forbidden: bool = False
    """The policy refused it, and no firewall was asked: a later try would be refused, too."""


class BlockOrder(Model):
    """What a person wants to be done about a case's block: exactly one of the two."""

    lift: bool = False
    extend_hours: Annotated[float, Field(gt=0, le=LONGEST_BLOCK_HOURS)] | None = None
    """Hours that are added to the time at which the block expires."""
    by: str
    comment: str = ""

    @model_validator(mode="after")
    def _one_order(self) -> "BlockOrder":
        if self.lift == (self.extend_hours is not None):
            raise ValueError("say either lift: true or extend_hours")
        return self


def address_key(address: str) -> str:
    """Return the durable key of an address: 16 hex digits, so that no address is part of an id."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


MOST_BLOCKS = 9
"""A case blocks one address again, after its block failed or was lifted, no more often."""


def block_instance(case_id: str, address: str, number: int = 1) -> str:
    """Return the id of the orchestration that keeps a case's block of an address.

    ``number`` counts the case's blocks of that address, of which only the last can be alive.
    """
    return f"{case_id}:block:{address_key(address)}:{number}"
