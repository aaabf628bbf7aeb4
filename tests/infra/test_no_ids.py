"""No id of a tenant or subscription is here, but those of nobody and of published samples."""

import re
from collections.abc import Iterator

import pytest

from tests.unit.source_files import ROOT, repository_files

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NAMED = re.compile(
    r"(?:subscriptions?/|tenants?/|login\.microsoftonline\.com/|sts\.windows\.net/"
    rf"|(?:tenant|subscription)_?id[\"']*\s*[:=]\s*[\"']*)({ID})",
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
OF_SAMPLES = ("tests/data/", "tests/unit/playbook/bodies.py", "tests/infra/test_no_ids.py")


def named_ids(text: str) -> Iterator[str]:
    for found in NAMED.findall(text):
        # Eight equal digits at the start are nobody's: 00000000-..., 11111111-...
        if len(set(found[:8])) > 1:
            yield found.lower()


def test_only_ids_of_nobody_and_of_published_samples_are_here() -> None:
    for file in repository_files():
        try:
            text = (ROOT / file).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        known = MADE_UP | (PUBLISHED if file.startswith(OF_SAMPLES) else {})
        assert set(named_ids(text)) <= known.keys(), file


@pytest.mark.parametrize(
    "text",
    [
        "/subscriptions/{}/resourceGroups/rg",
        "https://login.microsoftonline.com/{}/v2.0",
        'AZURE_TENANT_ID="{}"',
        '"tenantId": "{}"',
        "subscription_id = '{}'",
    ],
)
def test_somebodys_id_is_noticed(text: str) -> None:
    one = "8c1e5a3f-0f5e-4b55-8a51-" + "6d1f5b0c9a77"
    assert list(named_ids(text.format(one))) == [one]
    assert list(named_ids(text.format("00000000-0000-0000-0000-000000000002"))) == []
