"""Ids of tenants and subscriptions: which may be in the repository, and how they are noticed."""

import re
from collections.abc import Iterator

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAMED = re.compile(
    r"(?:subscriptions?/|tenants?/|login\.microsoftonline\.com/|sts\.windows\.net/"
    # As a key, an option or a variable: "tenantId": "...", --subscription ..., AZURE_TENANT_ID=...
    rf"|(?:\btid|(?:tenant|subscription)\)?(?:[ _-]?id)?)[\"'`]*[\s:=,|]+[\"'`]*)({_ID})",
    re.IGNORECASE,
)
MADE_UP = {
    "3f0a52c1-6f1d-4c55-9d0e-6f6a7d1c2b10": "the lab's tenant",
    "0b1f6471-1bf0-4dda-aec3-cb9272f09590": "the lab's subscription",
    "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42": "another tenant in the lab's sign-ins",
}
PUBLISHED = {
    "2ad3fc79-1859-42fa-9011-6f8df2251b22": "Microsoft Sentinel training lab",
    "72f988bf-86f1-41af-91ab-2d7cd011db47": "Microsoft's own tenant, in its notebooks' sample",
    "d1d8779d-38d7-4f06-91db-9cbc8de0176f": "Microsoft's notebooks' sample",
    "212f9889-769e-45ae-ab43-6da33674bd26": "msticpy's sample",
    "3c1bb38c-82e3-4f8d-a115-a7110ba70d05": "msticpy's sample",
    "40dcc8bf-0478-4f3b-b275-ed0a94f2c013": "msticpy's sample",
    "d0cfe6b2-9ac0-4464-9919-dccaee2e48c0": "Azure REST API's examples",
    "bd794837-4d29-4647-9105-6339bfdb4e6a": "Azure REST API's examples",
    "0ce65e6b-a780-44ca-9e51-df965e27aefe": "Rapid7's sample",
}
"""In tests/data only, whose SOURCES say where each file is from."""
OF_SAMPLES = ("tests/data/", "tests/unit/playbook/bodies.py", "tools/supply_chain/ids.py")


def named_ids(text: str) -> Iterator[str]:
    """Yield what the text calls the id of a tenant or subscription, but for nobody's."""
    for found in _NAMED.findall(text):
        # Eight equal digits at the start are nobody's: 00000000-..., 11111111-...
        if len(set(found[:8])) > 1:
            yield found.lower()


def unknown_ids(text: str, path: str) -> set[str]:
    """Return the ids of a file that are neither made up nor of a published sample."""
    known = MADE_UP | (PUBLISHED if path.startswith(OF_SAMPLES) else {})
    return set(named_ids(text)) - known.keys()
