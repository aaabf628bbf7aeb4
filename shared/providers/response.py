"""An accepted answer of a vendor. By itself, so that who reads one needs no HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VendorResponse:
    """An accepted answer; ``body`` is parsed JSON, ``None`` when empty, or text if asked for."""

    status: int
    headers: Mapping[str, str]
    body: Any
