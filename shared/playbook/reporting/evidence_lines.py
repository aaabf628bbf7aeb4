"""What ticket and comment say about the evidence: where it is, and by which hash it is held."""

from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.playbook.acting.exports_by_address import IN_NAME


def evidence_lines(record: CaseRecord) -> list[str]:
    """Return the lines about the sealed evidence; none before it is sealed.

    The hash belongs in the ticket: whoever can change the evidence and the case record cannot
    change what the ticket says.
    """
    block = record.blocks.get(BlockName.EVIDENCE)
    details = block.details if block else {}
    manifest = details.get("manifest") or {}
    if not manifest.get("sha256"):
        return []
    items = details.get("items") or []
    rows = sum(item.get("rows") or 0 for item in items)
    from_address = sum(item.get("rows") or 0 for item in items if IN_NAME in item["name"])
    twice = f", {from_address} of them by address (an account's own are by account, too)"
    where = block.outputs.get("evidence_storage_location") if block else None
    counted = f"{len(items)} items, {rows} log rows" + (twice if from_address else "")
    lines = [counted + (f", in {where}" if where else "")]
    lines.append(f"SHA-256 of {manifest['name']}: {manifest['sha256']}")
    lines.append(f"Check: make verify-evidence CASE={record.case_id} SHA256={manifest['sha256']}")
    return lines
