"""Evidence in the whole lab: complete, checked by page and command, not to be altered unseen."""

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from lab.scenarios.played import Played
from shared.models.block import BlockName
from shared.playbook.acting.exports import AZURE_FIREWALL_EXPORTS, EXPORTS
from shared.playbook.acting.exports_by_address import PARAMETER
from shared.providers.blob import BlobEvidenceStore
from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import Settings
from tests.lab.whole_lab import WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def closed(whole_lab: WholeLab) -> Played:
    """A case that was answered, handed over and closed."""
    return await whole_lab.play("brute-force-success")


@pytest_asyncio.fixture(loop_scope="session")
async def store(
    whole_lab: WholeLab, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BlobEvidenceStore]:
    """The lab's evidence, as somebody with the app's rights can get at it."""
    for name, value in whole_lab.lab.app_settings.items():
        monkeypatch.setenv(name, value)
    yield BlobEvidenceStore(Settings())
    await close_credential()
    await close_sessions()


async def _check(whole_lab: WholeLab, case_id: str, accept: str = "*/*") -> tuple[int, str]:
    url = f"{whole_lab.lab.host.url}/api/cases/{case_id}/evidence"
    headers = {"x-functions-key": whole_lab.lab.function_key, "Accept": accept}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_every_source_is_exported_with_its_rows(
    whole_lab: WholeLab, closed: Played, store: BlobEvidenceStore
) -> None:
    record = await whole_lab.client.get_case(closed.record["case_id"])
    assert closed.block(BlockName.EVIDENCE)["status"] == "complete"
    name = record["blocks"][BlockName.EVIDENCE]["details"]["manifest"]["name"]
    manifest = json.loads(await store.get(closed.record["case_id"], name))
    items = {item["source"]: item for item in manifest["items"]}
    assert {export.table for export in (*EXPORTS, *AZURE_FIREWALL_EXPORTS)} <= set(items)
    assert items["AZFWNatRule"]["rows"] == 4
    assert manifest["missing"] == []
    sign_ins = items["SigninLogs"]
    packed = await store.get(closed.record["case_id"], sign_ins["name"])
    rows = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert len(rows) == sign_ins["rows"] > 0
    assert rows == sorted(rows, key=lambda row: str(row["TimeGenerated"]))
    name = record["account"]["user_principal_name"]
    assert {row["UserPrincipalName"] for row in rows} == {name}
    by_address = items["SigninLogs by address"]
    packed = await store.get(closed.record["case_id"], by_address["name"])
    there = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert [row for row in rows if row["IPAddress"] in manifest["parameters"][PARAMETER]] == [
        row for row in there if row["UserPrincipalName"] == name
    ]
    assert {row["IPAddress"] for row in there} == set(manifest["parameters"][PARAMETER])


async def test_the_case_itself_is_evidence(
    whole_lab: WholeLab, closed: Played, store: BlobEvidenceStore
) -> None:
    record = await whole_lab.client.get_case(closed.record["case_id"])
    verdict = json.loads(await store.get(closed.record["case_id"], "verdict.json"))
    assert verdict["ruleset"] == record["verdict"]["ruleset"]
    actions = json.loads(await store.get(closed.record["case_id"], "actions.json"))["actions"]
    assert [one["action"] for one in actions] == [one["action"] for one in record["actions"]]
    facts = json.loads(await store.get(closed.record["case_id"], "facts.json"))
    assert facts["blocks"][BlockName.SIGN_INS] == record["blocks"][BlockName.SIGN_INS]
    events = [one["event"] for one in record["events"]]
    assert sorted(events) == sorted(one["event"] for one in record["timeline"])
    assert any("closed by" in event for event in events)


async def test_the_ticket_holds_the_hash(closed: Played, store: BlobEvidenceStore) -> None:
    [digest] = [
        item.sha256
        for item in await store.list_items(closed.record["case_id"])
        if item.name == "manifest.json"
    ]
    notes = [str(line["body"]) for line in closed.ledger if line["vendor"] == "servicenow"]
    assert any(digest in note for note in notes)


async def test_the_page_and_the_command_find_it_sound(
    whole_lab: WholeLab, closed: Played, tmp_path: Path
) -> None:
    status, body = await _check(whole_lab, closed.record["case_id"])
    found = json.loads(body)
    assert (status, found["sound"], found["revision"]) == (200, True, 1), body
    status, body = await _check(whole_lab, closed.record["case_id"], "text/html")
    assert status == 200 and "The evidence is what was kept" in body
    command = [sys.executable, "-m", "tools.verify_evidence", closed.record["case_id"]]
    command += ["--settings", str(whole_lab.lab.state_dir / "local.settings.json")]
    command += ["--json", str(tmp_path / "evidence.json")]
    ran = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    shown, _none = await ran.communicate()
    assert ran.returncode == 0, shown.decode()
    assert json.loads((tmp_path / "evidence.json").read_text())["sound"] is True


async def test_one_altered_byte_is_named(
    whole_lab: WholeLab, closed: Played, store: BlobEvidenceStore
) -> None:
    name = f"{closed.record['run']}/sign-ins-interactive.jsonl.gz"
    whole = await store.get(closed.record["case_id"], name)
    blob = store._container.blob(f"{closed.record['case_id']}/{name}")
    kept = (await blob.get_blob_properties()).metadata
    try:
        altered = whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
        await blob.upload_blob(altered, overwrite=True, metadata=kept)
        _status, body = await _check(whole_lab, closed.record["case_id"])
    finally:
        await blob.upload_blob(whole, overwrite=True, metadata=kept)
    found = json.loads(body)
    wrong = [one["name"] for one in found["findings"] if one["state"] != "ok"]
    assert (found["sound"], wrong) == (False, [name])
